/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small file systems of Redox, made by hand for the tests: a RedoxFS and an initfs. */
#ifndef GALVANIC_TESTS_DEBUG_REDOXFS_SAMPLE_H
#define GALVANIC_TESTS_DEBUG_REDOXFS_SAMPLE_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A RedoxFS, 2 MiB in memory, header generation 259 in ring slot 3 with older ones around it:
 * /small "small\n" in the node, /big 300000 bytes, (uint8_t)(i * 7 + i / 4096), records plain, compressed and missing (131072..262143
 * are zeros), /far 17 MiB with "far" at its end, /dir/a .. /dir/j "file in a directory of two leaves", /link -> dir/a, /up ->
 * ../dir/link, /dir/link -> /small, /loop -> loop, /empty without anything in it.
 */
#define REDOXFS_SAMPLE_SIZE (2u << 20)
#define REDOXFS_SAMPLE_BIG 300000u
#define REDOXFS_SAMPLE_FAR ((17u << 20) + 3)
uint8_t *redoxfs_sample(void); /* to be freed */
uint8_t redoxfs_sample_big(uint32_t offset);
/* Checksums of a block that a test has changed: its pointer is not mended. */
void redoxfs_sample_seal_header(uint8_t *header);

/* An initfs: /bin/init "the first program", /etc/init.rc "export PATH", /sbin -> bin, /bin/loop -> loop. */
GByteArray *initfs_sample(void);
/* The same with other contents of /bin/init. */
GByteArray *initfs_sample_with(const void *init, size_t length);

#endif
