package main

import (
	"encoding/binary"

	"go.etcd.io/etcd/raft"
	pb "go.etcd.io/etcd/raft/raftpb"
)

const (
	opTick = iota + 1
	opDeliver
	opDuplicate
	opDrop
	opPropose
	opChange
	opCrash
	opStart
	opCompact
	opTransfer
	opRead
	opUnreachable
	opFetchReport
	opCampaign
	opTorn
)

const (
	markNone = iota
	markTermNotCommitted
	markChangePending
	markOwnRemoval
	markPointless
	markOverloaded
	markNotPassedOn
	markLeftOffice
)

func (c *cluster) carryOut(code, mark uint8, a [4]uint64, d *digest) {
	var n *node
	var m pb.Message
	switch code {
	case opDeliver, opDuplicate, opDrop, opTorn:
		m = c.pool[a[0]]
		if code != opDuplicate {
			c.pool = append(c.pool[:a[0]], c.pool[a[0]+1:]...)
		}
		if code == opDrop {
			d.add(uint64(len(c.pool)))
			return
		}
		n = c.nodes[m.To-1]
	default:
		n = c.nodes[a[0]-1]
	}
	c.source.current = &n.timeouts
	switch code {
	case opCrash:
		n.raw = nil
		d.add(n.id)
		return
	case opStart:
		n.leftOffice = false
		c.start(n, a[1], a[2])
		c.sync(n, d, false)
		d.state(n, c.source.bound)
		return
	}
	led := look(n.raw).role() == raft.StateLeader
	if mark == markNone || mark == markLeftOffice {
		c.step(n, code, a, m)
	} else {
		c.verify(n, mark, a)
	}
	in := look(n.raw)
	if in.role() != raft.StateLeader {
		in.forgetPostponedReads()
	} else if !led && in.tracker().IsSingleton() {
		broadcastAppend(in.r)
	}
	if code == opTorn {
		c.tear(n, a[1])
		d.add(n.id)
		return
	}
	n.leftOffice = mark == markLeftOffice
	c.sync(n, d, n.leftOffice)
	d.state(n, c.source.bound)
	if n.leftOffice {
		n.raw = nil
	}
}

func (c *cluster) step(n *node, code uint8, a [4]uint64, m pb.Message) {
	switch code {
	case opTick:
		n.raw.Tick()
	case opDeliver, opDuplicate, opTorn:
		// A copy, or the receiver would append into the sender's memory.
		m.Entries = append([]pb.Entry(nil), m.Entries...)
		_ = n.raw.Step(m)
	case opPropose:
		entries := make([]pb.Entry, a[1])
		for i := range entries {
			data := make([]byte, a[2])
			if len(data) >= 8 {
				binary.LittleEndian.PutUint64(data, a[3]+uint64(i))
			}
			entries[i].Data = data
		}
		_ = n.raw.Step(pb.Message{Type: pb.MsgProp, From: n.id, Entries: entries})
	case opChange:
		kind := []pb.ConfChangeType{0, pb.ConfChangeAddNode, pb.ConfChangeAddLearnerNode, pb.ConfChangeRemoveNode}[a[1]]
		// The byte of context makes the change as long as ours.
		_ = n.raw.ProposeConfChange(pb.ConfChange{Type: kind, NodeID: a[2], Context: []byte{0}})
	case opCompact:
		in := look(n.raw)
		if cut := in.applied(); cut > a[1] {
			n.disk.compact(in.applied(), cut-a[1], n.conf)
		}
	case opTransfer:
		n.raw.TransferLeader(a[1])
	case opRead:
		n.raw.ReadIndex(encodeContext(n.id, a[1]))
	case opUnreachable:
		n.raw.ReportUnreachable(a[1])
	case opFetchReport:
		status := raft.SnapshotFailure
		if a[2] != 0 {
			status = raft.SnapshotFinish
		}
		n.raw.ReportSnapshot(a[1], status)
	case opCampaign:
		_ = n.raw.Campaign()
	}
}

// verify holds the reason for which ours refused against etcd's state.
func (c *cluster) verify(n *node, mark uint8, a [4]uint64) {
	in := look(n.raw)
	leads := in.role() == raft.StateLeader
	term, _ := n.disk.Term(in.committed())
	sound := false
	switch mark {
	case markTermNotCommitted:
		sound = leads && term != in.word(fields.term)
	case markChangePending:
		sound = leads && in.word(fields.pendingConf) > in.applied()
	case markOwnRemoval:
		sound = leads && a[2] == n.id
	case markPointless:
		_, votes := in.tracker().Config.Voters[0][a[2]]
		_, learns := in.tracker().Config.Learners[a[2]]
		sound = leads && (votes && a[1] == 1 || learns && a[1] == 2 || !votes && !learns && a[1] == 3)
	case markOverloaded:
		sound = leads && in.word(fields.uncommitted)+9 > c.config.MaxUncommittedEntriesSize
	case markNotPassedOn:
		sound = !leads
	}
	if !sound {
		panic("our reason to refuse does not hold for etcd")
	}
}

// tear crashes the node while it writes: the hard state and some entries are on disk, nothing was sent.
func (c *cluster) tear(n *node, kept uint64) {
	if n.raw.HasReady() {
		ready := n.raw.Ready()
		if !raft.IsEmptyHardState(ready.HardState) {
			n.disk.hard = ready.HardState
		}
		if raft.IsEmptySnap(ready.Snapshot) && kept < uint64(len(ready.Entries)) {
			ready.Entries = ready.Entries[:kept]
		}
		if raft.IsEmptySnap(ready.Snapshot) {
			n.disk.write(ready.Entries)
		}
	}
	n.raw = nil
}

// sync writes and sends all there is, and puts membership changes in force.
func (c *cluster) sync(n *node, d *digest, lose bool) {
	var reads []raft.ReadState
	for n.raw.HasReady() {
		ready := n.raw.Ready()
		if !raft.IsEmptySnap(ready.Snapshot) {
			n.disk.install(ready.Snapshot)
			n.conf = ready.Snapshot.Metadata.ConfState
		}
		if !raft.IsEmptyHardState(ready.HardState) {
			n.disk.hard = ready.HardState
		}
		n.disk.write(ready.Entries)
		for i := range ready.Messages {
			if lose {
				break
			}
			d.message(&ready.Messages[i])
			if len(c.pool) < poolMax {
				c.pool = append(c.pool, ready.Messages[i])
			}
		}
		reads = append(reads, ready.ReadStates...)
		for i := range ready.CommittedEntries {
			if ready.CommittedEntries[i].Type == pb.EntryConfChange {
				var change pb.ConfChange
				if err := change.Unmarshal(ready.CommittedEntries[i].Data); err != nil {
					panic(err)
				}
				n.conf = *n.raw.ApplyConfChange(change)
			}
		}
		n.raw.Advance(ready)
	}
	for _, read := range reads {
		d.label("read")
		d.context(read.RequestCtx)
		d.add(read.Index)
	}
}
