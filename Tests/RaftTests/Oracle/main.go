// The oracle replays schedules of the lockstep test on etcd/raft and compares, after every operation, a digest of the
// node that took part, and of what it sent, with the digest that our core arrived at. It reads schedules from standard
// input (see Lockstep/Schedule.swift for the format) and writes one line at the end, or a transcript of the first step
// that differs.
//
// # Masks: where ours differs on purpose
//
//   - A refused membership change leaves no trace in our log; etcd appends an empty entry instead. The operation is
//     marked with our reason, the reason is checked here against etcd's state, and etcd is not asked.
//   - We take no change before an entry of the leader's term has committed, no change that changes nothing, and none by
//     which a leader removes or demotes itself. etcd takes them. Marked the same way.
//   - A leader that an older leader's change removes steps down with us and names an heir; etcd's stays leader. Of the
//     step only commit, log and membership are compared; what was sent in it is lost, and the node is stopped, as etcd's
//     server would be.
//   - Our only voter sends its term's first entry when that is durable; etcd's waits for the next heartbeat. Here etcd is
//     made to send too.
//   - Reads that wait for a leader's first commit are refused by us when it steps down; etcd keeps them until it leads
//     again. Here they are forgotten.
//   - A follower does not pass on another's read; etcd's does, and then takes the answer for its own. The operation is
//     marked; nothing is asked.
//   - A snapshot that does not list its receiver is taken by ours, since the entry that adds it may follow in the log;
//     etcd's refuses, and a newcomer waits until somebody makes a newer one. Such messages are lost in lockstep.
//   - By default ours makes newcomers voters only when they caught up as learners, and a replica that knows nothing does
//     not vote. Both rules are off in lockstep (RaftOptions.admitsBlankVoters).
//   - Our commit index is written only along with other data, so a restart tells which one came back.
//   - A snapshot takes effect with us when its files have been fetched; in lockstep that is at once.
package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand"
	"os"
	"strings"

	"go.etcd.io/etcd/raft"
	pb "go.etcd.io/etcd/raft/raftpb"
)

type silent struct{}

func (silent) Debug(...interface{})              {}
func (silent) Debugf(string, ...interface{})     {}
func (silent) Error(...interface{})              {}
func (silent) Errorf(string, ...interface{})     {}
func (silent) Info(...interface{})               {}
func (silent) Infof(string, ...interface{})      {}
func (silent) Warning(...interface{})            {}
func (silent) Warningf(string, ...interface{})   {}
func (silent) Fatal(v ...interface{})            { panic(fmt.Sprint(v...)) }
func (silent) Fatalf(f string, v ...interface{}) { panic(fmt.Sprintf(f, v...)) }
func (silent) Panic(v ...interface{})            { panic(fmt.Sprint(v...)) }
func (silent) Panicf(f string, v ...interface{}) { panic(fmt.Sprintf(f, v...)) }

type reader struct {
	*bufio.Reader
}

func (r reader) u8() uint8 {
	b, err := r.ReadByte()
	if err != nil {
		panic("the schedules end in the middle")
	}
	return b
}

func (r reader) number(bytes int) uint64 {
	v := uint64(0)
	for i := 0; i < bytes; i++ {
		v |= uint64(r.u8()) << (8 * i)
	}
	return v
}

func main() {
	in := reader{bufio.NewReaderSize(os.Stdin, 1<<20)}
	verbose := len(os.Args) > 1 && os.Args[1] == "--verbose"
	schedules, steps := 0, 0
	for {
		head, err := in.ReadByte()
		if err == io.EOF {
			break
		}
		if head != 'S' {
			panic("not the head of a schedule")
		}
		c := newCluster(in)
		for !c.ended {
			if difference := c.operation(in, verbose); difference != "" {
				fmt.Printf("seed %d, step %d: etcd differs\n%s\n", c.seed, c.steps, difference)
				os.Exit(1)
			}
		}
		schedules++
		steps += c.steps
	}
	fmt.Printf("equal: %d schedules, %d steps\n", schedules, steps)
}

type node struct {
	id         uint64
	raw        *raft.RawNode
	disk       *disk
	timeouts   timeouts
	conf       pb.ConfState
	leftOffice bool
}

type cluster struct {
	seed   uint64
	config raft.Config
	source *source
	nodes  []*node
	pool   []pb.Message
	steps  int
	ended  bool
}

const poolMax = 192

func newCluster(in reader) *cluster {
	c := &cluster{seed: in.number(8)}
	c.config.ElectionTick = int(in.u8())
	c.config.HeartbeatTick = int(in.u8())
	flags := in.u8()
	c.config.PreVote, c.config.CheckQuorum = flags&1 != 0, flags&2 != 0
	c.config.MaxSizePerMsg = in.number(4)
	c.config.MaxCommittedSizePerReady = 1 << 40
	c.config.MaxInflightMsgs = int(in.number(2))
	c.config.MaxUncommittedEntriesSize = in.number(4)
	c.config.DisableProposalForwarding = true
	c.config.Logger = silent{}
	c.source = &source{bound: uint64(c.config.ElectionTick)}
	globalRand.rand = rand.New(c.source)
	count := int(in.u8())
	voters, learners := in.u8(), in.u8()
	var conf pb.ConfState
	for id := 1; id <= count; id++ {
		if voters>>(id-1)&1 != 0 {
			conf.Voters = append(conf.Voters, uint64(id))
		}
		if learners>>(id-1)&1 != 0 {
			conf.Learners = append(conf.Learners, uint64(id))
		}
	}
	for id := 1; id <= count; id++ {
		n := &node{id: uint64(id), disk: &disk{}}
		if (voters|learners)>>(id-1)&1 != 0 {
			n.disk.install(pb.Snapshot{Metadata: pb.SnapshotMetadata{Index: 1, Term: 1, ConfState: conf}})
			n.disk.hard = pb.HardState{Term: 1, Commit: 1}
		}
		c.nodes = append(c.nodes, n)
		c.start(n, in.number(8), n.disk.hard.Commit)
	}
	return c
}

func (c *cluster) start(n *node, seed, commit uint64) {
	n.timeouts = timeouts{seed}
	n.disk.hard.Commit = commit
	c.source.current = &n.timeouts
	config := c.config
	config.ID, config.Storage, config.Applied = n.id, n.disk, n.disk.snapshot.Metadata.Index
	raw, err := raft.NewRawNode(&config)
	if err != nil {
		panic(err)
	}
	n.raw, n.conf = raw, n.disk.snapshot.Metadata.ConfState
}

// operation reads one operation, carries it out, and compares. It returns what differs.
func (c *cluster) operation(in reader, verbose bool) (difference string) {
	code, mark := in.u8(), in.u8()
	if code == 0 {
		c.ended = true
		return ""
	}
	c.steps++
	var arguments [4]uint64
	for i, count := 0, int(in.u8()); i < count; i++ {
		arguments[i] = in.number(8)
	}
	expected := in.number(8)
	d := digest{}
	var before []pb.Message
	if verbose {
		d.text = &strings.Builder{}
		before = append(before, c.pool...)
	}
	defer func() {
		if fault := recover(); fault != nil {
			difference = fmt.Sprintf("  etcd panics: %v (operation %d %v)", fault, code, arguments)
		}
	}()
	c.carryOut(code, mark, arguments, &d)
	if d.hash == expected {
		return ""
	}
	text := fmt.Sprintf("  operation %d %v, mark %d", code, arguments, mark)
	if verbose {
		if code == opDeliver || code == opDuplicate || code == opTorn {
			text += "\n  message " + raft.DescribeMessage(before[arguments[0]], func([]byte) string { return "" })
		}
		text += d.text.String()
	}
	return text
}

func encodeContext(node, id uint64) []byte {
	context := make([]byte, 16)
	binary.LittleEndian.PutUint64(context, node)
	binary.LittleEndian.PutUint64(context[8:], id)
	return context
}
