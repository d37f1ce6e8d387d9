package main

import (
	"math/rand"
	"reflect"
	"sync"
	"unsafe"

	"go.etcd.io/etcd/raft"
	"go.etcd.io/etcd/raft/tracker"
)

// etcd draws election timeouts from one source of randomness of its own; here it gets the caller's numbers.
type lockedRand struct {
	mu   sync.Mutex
	rand *rand.Rand
}

//go:linkname globalRand go.etcd.io/etcd/raft.globalRand
var globalRand *lockedRand

//go:linkname broadcastAppend go.etcd.io/etcd/raft.(*raft).bcastAppend
func broadcastAppend(r unsafe.Pointer)

// timeouts is SplitMix64, as in Raft/RaftOptions.swift.
type timeouts struct{ state uint64 }

func (t *timeouts) next(bound uint64) uint64 {
	t.state += 0x9E3779B97F4A7C15
	z := t.state
	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9
	z = (z ^ (z >> 27)) * 0x94D049BB133111EB
	return (z ^ (z >> 31)) % bound
}

// source answers Intn(bound) with the next number of whoever is being stepped.
type source struct {
	current *timeouts
	bound   uint64
}

func (s *source) Int63() int64 { return int64(s.current.next(s.bound) << 32) }
func (s *source) Seed(int64)   {}

// The places of unexported fields, looked up once.
var fields = struct {
	core, log, tracker                                                uintptr
	term, vote, lead, state, electionElapsed, heartbeatElapsed        uintptr
	randomized, transferee, pendingConf, uncommitted, readOnly, asked uintptr
	queue, committed, applied                                         uintptr
}{}

func init() {
	at := func(t reflect.Type, name string) uintptr {
		f, ok := t.FieldByName(name)
		if !ok {
			panic("etcd/raft has no field " + name + ": the oracle is written for 3.4")
		}
		return f.Offset
	}
	node := reflect.TypeOf(raft.RawNode{})
	core, _ := node.FieldByName("raft")
	r := core.Type.Elem()
	fields.core = at(node, "raft")
	fields.log, fields.tracker = at(r, "raftLog"), at(r, "prs")
	fields.term, fields.vote, fields.lead, fields.state = at(r, "Term"), at(r, "Vote"), at(r, "lead"), at(r, "state")
	fields.electionElapsed, fields.heartbeatElapsed = at(r, "electionElapsed"), at(r, "heartbeatElapsed")
	fields.randomized, fields.transferee = at(r, "randomizedElectionTimeout"), at(r, "leadTransferee")
	fields.pendingConf, fields.uncommitted = at(r, "pendingConfIndex"), at(r, "uncommittedSize")
	fields.readOnly, fields.asked = at(r, "readOnly"), at(r, "pendingReadIndexMessages")
	ro, _ := r.FieldByName("readOnly")
	fields.queue = at(ro.Type.Elem(), "readIndexQueue")
	l, _ := r.FieldByName("raftLog")
	fields.committed, fields.applied = at(l.Type.Elem(), "committed"), at(l.Type.Elem(), "applied")
}

// inside is a window into etcd's raft struct.
type inside struct{ r unsafe.Pointer }

func look(n *raft.RawNode) inside {
	return inside{*(*unsafe.Pointer)(unsafe.Pointer(uintptr(unsafe.Pointer(n)) + fields.core))}
}

func (i inside) at(offset uintptr) unsafe.Pointer { return unsafe.Pointer(uintptr(i.r) + offset) }
func (i inside) word(offset uintptr) uint64       { return *(*uint64)(i.at(offset)) }
func (i inside) tracker() *tracker.ProgressTracker {
	return (*tracker.ProgressTracker)(i.at(fields.tracker))
}
func (i inside) logWord(offset uintptr) uint64 {
	return *(*uint64)(unsafe.Pointer(uintptr(*(*unsafe.Pointer)(i.at(fields.log))) + offset))
}
func (i inside) committed() uint64 { return i.logWord(fields.committed) }
func (i inside) applied() uint64   { return i.logWord(fields.applied) }
func (i inside) role() raft.StateType {
	return *(*raft.StateType)(i.at(fields.state))
}
func (i inside) reads() []string {
	return *(*[]string)(unsafe.Pointer(uintptr(*(*unsafe.Pointer)(i.at(fields.readOnly))) + fields.queue))
}

// forgetPostponedReads empties the list of reads that wait for a leader's first commit. See "Masks" in main.go.
func (i inside) forgetPostponedReads() {
	slice := (*reflect.SliceHeader)(i.at(fields.asked))
	slice.Len = 0
}
