// KeevoService: one node of Keevo, the store.
//
// A write walks through four stages, each on its own thread (`Stages`):
//
//   caller      checks limits, splits the call by shard, encodes one command a shard        StoreNode+writes
//   consensus   merges waiting commands into log entries, asks `Consensus` what to write     ShardLane
//   log         appends what all shards have pending, one fdatasync for all                  NodeLog over Disk
//   apply       runs the pure `ShardStateMachine`, commits rows, applied index and request   StateStore
//               table in one batch, publishes a new view, answers the caller
//
// A read takes the shard's current view (a counted handle on a RocksDB snapshot and the index applied in it) and runs
// on the caller's own thread. The log is the write-ahead log of the state: RocksDB's own is off, and a segment is
// recycled only when every shard has flushed what lies in it.
