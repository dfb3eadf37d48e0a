/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A Linux program whose system calls are known: the trace of them is compared with this. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void *in_thread(void *tid)
{
    *(long *)tid = syscall(SYS_gettid);
    return NULL;
}

/* Blocks in read() until the parent writes. */
static void child(int from)
{
    char text[16];

    if (syscall(SYS_read, from, text, sizeof(text)) == 5)
        syscall(SYS_exit_group, 3);
    syscall(SYS_exit_group, 4);
}

int main(void)
{
    int ends[2], status = 0;
    long parent = syscall(SYS_getpid), tid = 0;
    pthread_t thread;

    syscall(SYS_openat, AT_FDCWD, "/nowhere/to be found", O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    syscall(SYS_pipe2, ends, 0);
    pid_t pid = fork();
    if (!pid)
        child(ends[0]);
    usleep(20000);
    syscall(SYS_write, ends[1], "hello", 5);
    syscall(SYS_wait4, pid, &status, 0, NULL);
    pthread_create(&thread, NULL, in_thread, &tid);
    pthread_join(thread, NULL);
    syscall(SYS_lseek, -1, -1L, SEEK_END);
    printf("calls: parent %ld child %d status %d thread %ld\n", parent, (int)pid, WEXITSTATUS(status), tid);
    return 0;
}
