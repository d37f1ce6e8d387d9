package main

import (
	"encoding/binary"
	"fmt"
	"sort"
	"strings"

	"go.etcd.io/etcd/raft"
	pb "go.etcd.io/etcd/raft/raftpb"
	"go.etcd.io/etcd/raft/tracker"
)

// digest mixes 64-bit words, in the order and with the constants of Digest.swift. With `text` it also keeps what it was
// given, for a person to compare.
type digest struct {
	hash uint64
	text *strings.Builder
}

func (d *digest) add(v uint64) {
	h := (d.hash ^ v) * 0x9E3779B97F4A7C15
	d.hash = h ^ (h >> 32)
	if d.text != nil {
		fmt.Fprintf(d.text, " %d", v)
	}
}

func (d *digest) label(name string) {
	if d.text != nil {
		fmt.Fprintf(d.text, "\n    %s", name)
	}
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

func spread(v uint64) uint64 {
	v = (v ^ (v >> 30)) * 0xBF58476D1CE4E5B9
	return v ^ (v >> 27)
}

func (d *digest) entry(e *pb.Entry) {
	d.add(e.Term)
	d.add(e.Index)
	if e.Type == pb.EntryConfChange {
		var change pb.ConfChange
		if err := change.Unmarshal(e.Data); err != nil {
			panic(err)
		}
		d.add(1 << 32)
		d.add(map[pb.ConfChangeType]uint64{pb.ConfChangeAddNode: 1, pb.ConfChangeAddLearnerNode: 2, pb.ConfChangeRemoveNode: 3}[change.Type])
		d.add(change.NodeID)
		return
	}
	d.add(uint64(len(e.Data)))
	if len(e.Data) >= 8 {
		d.add(binary.LittleEndian.Uint64(e.Data))
	}
}

func (d *digest) members(ids []uint64) {
	sorted := append([]uint64{}, ids...)
	sort.Slice(sorted, func(i, j int) bool { return sorted[i] < sorted[j] })
	for _, id := range sorted {
		d.add(id)
	}
	d.add(0)
}

func (d *digest) context(bytes []byte) {
	if len(bytes) == 16 {
		d.add(binary.LittleEndian.Uint64(bytes))
		d.add(binary.LittleEndian.Uint64(bytes[8:]))
	} else {
		d.add(0)
	}
}

var kinds = map[pb.MessageType]uint64{
	pb.MsgPreVote: 1, pb.MsgPreVoteResp: 2, pb.MsgVote: 3, pb.MsgVoteResp: 4, pb.MsgApp: 5, pb.MsgAppResp: 6,
	pb.MsgHeartbeat: 8, pb.MsgHeartbeatResp: 9, pb.MsgSnap: 10, pb.MsgTimeoutNow: 11, pb.MsgReadIndex: 12,
	pb.MsgReadIndexResp: 13,
}

func (d *digest) message(m *pb.Message) {
	d.label("message kind, from, to, term, content")
	kind := kinds[m.Type]
	if m.Type == pb.MsgAppResp && m.Reject {
		kind = 7
	}
	d.add(kind)
	d.add(m.From)
	d.add(m.To)
	d.add(m.Term)
	switch m.Type {
	case pb.MsgPreVote, pb.MsgVote:
		d.add(m.Index)
		d.add(m.LogTerm)
		d.add(bit(len(m.Context) > 0))
	case pb.MsgPreVoteResp, pb.MsgVoteResp:
		d.add(bit(!m.Reject))
	case pb.MsgApp:
		d.add(m.Index)
		d.add(m.LogTerm)
		d.add(m.Commit)
		d.add(uint64(len(m.Entries)))
		for i := range m.Entries {
			d.entry(&m.Entries[i])
		}
	case pb.MsgAppResp:
		d.add(m.Index)
		if m.Reject {
			d.add(m.RejectHint)
		}
	case pb.MsgHeartbeat:
		d.add(m.Commit)
		d.context(m.Context)
	case pb.MsgHeartbeatResp:
		d.context(m.Context)
	case pb.MsgSnap:
		d.add(m.Snapshot.Metadata.Index)
		d.add(m.Snapshot.Metadata.Term)
		d.members(m.Snapshot.Metadata.ConfState.Voters)
		d.members(m.Snapshot.Metadata.ConfState.Learners)
	case pb.MsgReadIndex:
		d.context(m.Entries[0].Data)
	case pb.MsgReadIndexResp:
		d.context(m.Entries[0].Data)
		d.add(m.Index)
	}
}

// state adds all that must be equal after a step, and is called when nothing waits to be written.
func (d *digest) state(n *node, bound uint64) {
	in := look(n.raw)
	role := in.role()
	if !n.leftOffice {
		d.label("term, vote, role, leader")
		d.add(in.word(fields.term))
		d.add(in.word(fields.vote))
		d.add(uint64(role))
		d.add(in.word(fields.lead))
		d.label("election elapsed, heartbeat elapsed, timeout, transfer target")
		d.add(in.word(fields.electionElapsed))
		d.add(in.word(fields.heartbeatElapsed))
		d.add(in.word(fields.randomized))
		d.add(in.word(fields.transferee))
	}
	d.label("commit, base index, base term, last index")
	d.add(in.committed())
	d.add(n.disk.baseIndex)
	d.add(n.disk.baseTerm)
	d.add(n.disk.last())
	d.label("log")
	for i := range n.disk.entries {
		d.entry(&n.disk.entries[i])
	}
	t := in.tracker()
	d.label("voters, learners, votes")
	var voters, learners, votes uint64
	for id := range t.Config.Voters[0] {
		voters += spread(id)
	}
	for id := range t.Config.Learners {
		learners += spread(id)
	}
	d.add(voters)
	d.add(learners)
	if n.leftOffice {
		return
	}
	if role == raft.StateCandidate || role == raft.StatePreCandidate {
		for id, v := range t.Votes {
			votes += spread(id*2 + bit(v))
		}
	}
	d.add(votes)
	if role != raft.StateLeader {
		return
	}
	d.label("pending change, uncommitted bytes, reads")
	d.add(in.word(fields.pendingConf))
	d.add(in.word(fields.uncommitted))
	for _, read := range in.reads() {
		d.context([]byte(read))
	}
	d.label("peers: id, state, match, next, probe sent, active, pending snapshot, in flight")
	t.Visit(func(id uint64, p *tracker.Progress) {
		if id == n.id {
			return
		}
		d.add(id)
		d.add(uint64(p.State))
		d.add(p.Match)
		d.add(p.Next)
		d.add(bit(p.ProbeSent))
		d.add(bit(p.RecentActive))
		d.add(p.PendingSnapshot)
		d.add(uint64(p.Inflights.Count()))
	})
}
