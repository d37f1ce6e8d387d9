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
