package main

import (
	"go.etcd.io/etcd/raft"
	pb "go.etcd.io/etcd/raft/raftpb"
)

// disk is what survives a crash: hard state, snapshot, and the entries after base.
type disk struct {
	hard      pb.HardState
	snapshot  pb.Snapshot
	baseIndex uint64
	baseTerm  uint64
	entries   []pb.Entry
}

func (d *disk) last() uint64 { return d.baseIndex + uint64(len(d.entries)) }

func (d *disk) InitialState() (pb.HardState, pb.ConfState, error) {
	return d.hard, d.snapshot.Metadata.ConfState, nil
}

func (d *disk) Entries(lo, hi, maxSize uint64) ([]pb.Entry, error) {
	if lo <= d.baseIndex {
		return nil, raft.ErrCompacted
	}
	if hi > d.last()+1 {
		return nil, raft.ErrUnavailable
	}
	found := d.entries[lo-d.baseIndex-1 : hi-d.baseIndex-1]
	size := uint64(0)
	for i := range found {
		size += uint64(found[i].Size())
		if i > 0 && size > maxSize {
			return found[:i:i], nil
		}
	}
	return found[:len(found):len(found)], nil
}

func (d *disk) Term(i uint64) (uint64, error) {
	switch {
	case i < d.baseIndex:
		return 0, raft.ErrCompacted
	case i == d.baseIndex:
		return d.baseTerm, nil
	case i > d.last():
		return 0, raft.ErrUnavailable
	}
	return d.entries[i-d.baseIndex-1].Term, nil
}

func (d *disk) LastIndex() (uint64, error)     { return d.last(), nil }
func (d *disk) FirstIndex() (uint64, error)    { return d.baseIndex + 1, nil }
func (d *disk) Snapshot() (pb.Snapshot, error) { return d.snapshot, nil }

// write replaces the log from the first entry's index on.
func (d *disk) write(entries []pb.Entry) {
	if len(entries) == 0 {
		return
	}
	kept := entries[0].Index - d.baseIndex - 1
	d.entries = append(append(make([]pb.Entry, 0, int(kept)+len(entries)), d.entries[:kept]...), entries...)
}

func (d *disk) install(s pb.Snapshot) {
	d.snapshot = s
	d.baseIndex, d.baseTerm, d.entries = s.Metadata.Index, s.Metadata.Term, nil
}

// compact takes a snapshot at index and forgets entries up to and with cut.
func (d *disk) compact(index, cut uint64, conf pb.ConfState) {
	if index <= d.snapshot.Metadata.Index {
		return
	}
	term, _ := d.Term(index)
	d.snapshot = pb.Snapshot{Metadata: pb.SnapshotMetadata{Index: index, Term: term, ConfState: conf}}
	if cut > d.baseIndex {
		term, _ := d.Term(cut)
		d.entries = append([]pb.Entry{}, d.entries[cut-d.baseIndex:]...)
		d.baseIndex, d.baseTerm = cut, term
	}
}
