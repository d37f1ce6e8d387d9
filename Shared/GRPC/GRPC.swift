/// gRPC for our own loops: the protocol of grpc/doc/PROTOCOL-HTTP2.md over nghttp2, without TLS and compression.
///
/// From below: `HTTP2Session` drives nghttp2 between a socket and its streams; `ServerCall` and `ClientCall` are the two
/// kinds of stream; `ServerConnection` and `ClientConnection` own a session each. `GRPCServer` accepts on every loop of a
/// group, `GRPCClient` keeps a `ClientChannel` (at most one connection that takes calls) for each loop. The parts without
/// I/O stand alone: `MessageDecoder`, `OutboundQueue`, `GRPCTimeout`, `ResetBudget`, `Backoff`, percent-coding.
///
/// Messages are bytes here. Who knows their form puts `Protobuf` on top.
public enum GRPC {}
