/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Datagrams, which busybox has no program for: `udp serve PORT` sends back what comes; `udp ask ADDRESS PORT TEXT SECONDS` waits for one. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

static int serve(int descriptor, struct sockaddr_in name)
{
    char bytes[2048];
    struct sockaddr_in from;

    name.sin_addr.s_addr = htonl(INADDR_ANY);
    if (bind(descriptor, (struct sockaddr *)&name, sizeof(name)) != 0)
        return 1;
    printf("udp: serving\n");
    fflush(stdout);
    for (;;) {
        socklen_t length = sizeof(from);
        ssize_t got = recvfrom(descriptor, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &length);

        if (got >= 0)
            sendto(descriptor, bytes, (size_t)got, 0, (struct sockaddr *)&from, length);
    }
}

static int ask(int descriptor, struct sockaddr_in name, const char *text, int seconds)
{
    struct timeval patience = {.tv_sec = seconds};
    char bytes[2048];

    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    sendto(descriptor, text, strlen(text), 0, (struct sockaddr *)&name, sizeof(name));
    ssize_t got = recv(descriptor, bytes, sizeof(bytes), 0);
    printf(got < 0 ? "udp: no answer\n" : "udp: answer %.*s\n", (int)got, bytes);
    return got < 0;
}

int main(int argc, char **argv)
{
    struct sockaddr_in name = {.sin_family = AF_INET};
    int descriptor = socket(AF_INET, SOCK_DGRAM, 0);

    if (argc == 3 && strcmp(argv[1], "serve") == 0) {
        name.sin_port = htons((uint16_t)atoi(argv[2]));
        return serve(descriptor, name);
    }
    if (argc != 6 || inet_pton(AF_INET, argv[2], &name.sin_addr) != 1)
        return 2;
    name.sin_port = htons((uint16_t)atoi(argv[3]));
    return ask(descriptor, name, argv[4], atoi(argv[5]));
}
