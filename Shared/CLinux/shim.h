// Linux calls that the Glibc module does not carry.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>
#include <netdb.h>

// Declared by <sys/socket.h> under _GNU_SOURCE only, which would clash with the Glibc module.
int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);

// In C an enumeration, whose members Swift finds or not depending on which other C modules a build has loaded before.
static const int socketStream = SOCK_STREAM;
static const int socketNonBlocking = SOCK_NONBLOCK;
static const int socketCloseOnExec = SOCK_CLOEXEC;
