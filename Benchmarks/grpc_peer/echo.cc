// The peer of grpc-echo: Google's C++ gRPC as its documentation has one write it for speed: asynchronous, a completion
// queue with one thread on either side, code generated from echo.proto.
//
//   echo server                      prints "port N", serves until it is killed
//   echo client PORT INFLIGHT SECONDS    prints "calls N seconds S"
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "echo.grpc.pb.h"

using millrace::bench::Blob;
using millrace::bench::Echo;

namespace {

// One call of the server: waits for a request, answers, makes its successor.
class ServerCall {
 public:
  ServerCall(Echo::AsyncService* service, grpc::ServerCompletionQueue* queue)
      : service_(service), queue_(queue), responder_(&context_) {
    service_->RequestSay(&context_, &request_, &responder_, queue_, queue_, this);
  }

  void Proceed() {
    if (answered_) {
      delete this;
      return;
    }
    new ServerCall(service_, queue_);
    answered_ = true;
    response_.set_data(request_.data());
    responder_.Finish(response_, grpc::Status::OK, this);
  }

 private:
  Echo::AsyncService* service_;
  grpc::ServerCompletionQueue* queue_;
  grpc::ServerContext context_;
  Blob request_, response_;
  grpc::ServerAsyncResponseWriter<Blob> responder_;
  bool answered_ = false;
};

int Serve() {
  Echo::AsyncService service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  auto queue = builder.AddCompletionQueue();
  auto server = builder.BuildAndStart();
  if (!server) return 1;
  std::printf("port %d\n", port);
  std::fflush(stdout);
  for (int i = 0; i < 128; i++) new ServerCall(&service, queue.get());
  void* tag;
  bool ok;
  while (queue->Next(&tag, &ok)) {
    if (ok) static_cast<ServerCall*>(tag)->Proceed();
  }
  return 0;
}

// One of the client's calls under way; starts the next when it ends.
struct ClientCall {
  std::unique_ptr<grpc::ClientContext> context;
  std::unique_ptr<grpc::ClientAsyncResponseReader<Blob>> reader;
  Blob response;
  grpc::Status status;
};

int Call(int port, int in_flight, double seconds) {
  auto channel = grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials());
  auto stub = Echo::NewStub(channel);
  grpc::CompletionQueue queue;
  Blob request;
  request.set_data(std::string(100, 'x'));
  std::vector<ClientCall> calls(in_flight);
  auto start = [&](ClientCall* call) {
    call->context = std::make_unique<grpc::ClientContext>();
    call->context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
    call->reader = stub->AsyncSay(call->context.get(), request, &queue);
    call->reader->Finish(&call->response, &call->status, call);
  };
  for (auto& call : calls) start(&call);
  using Clock = std::chrono::steady_clock;
  const auto warm = Clock::now() + std::chrono::milliseconds(500);
  auto begin = warm;
  long done = 0;
  bool counting = false;
  while (true) {
    void* tag;
    bool ok;
    if (!queue.Next(&tag, &ok)) return 1;
    auto* call = static_cast<ClientCall*>(tag);
    if (!ok || !call->status.ok() || call->response.data().size() != 100) {
      std::fprintf(stderr, "a call failed: %s\n", call->status.error_message().c_str());
      return 1;
    }
    const auto now = Clock::now();
    if (!counting && now >= warm) {
      counting = true;
      begin = now;
      done = 0;
    }
    done++;
    const double elapsed = std::chrono::duration<double>(now - begin).count();
    if (counting && elapsed >= seconds) {
      std::printf("calls %ld seconds %f\n", done, elapsed);
      std::fflush(stdout);
      std::_Exit(0);  // calls are under way: nothing to wait for
    }
    start(call);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string(argv[1]) == "server") return Serve();
  if (argc == 5 && std::string(argv[1]) == "client") return Call(std::atoi(argv[2]), std::atoi(argv[3]), std::atof(argv[4]));
  std::fprintf(stderr, "usage: echo server | echo client PORT INFLIGHT SECONDS\n");
  return 2;
}
