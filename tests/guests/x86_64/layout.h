/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Selectors and addresses that assembly and C share. */
#ifndef GALVANIC_TESTS_GUESTS_LAYOUT_H
#define GALVANIC_TESTS_GUESTS_LAYOUT_H

#define KERNEL_CODE 0x08
#define KERNEL_DATA 0x10
#define USER_CODE32 0x1b
#define USER_DATA 0x23
#define USER_CODE 0x2b
#define KERNEL_CODE32 0x30
#define DATA_ABSENT 0x38
#define CODE_CONFORMING 0x40
#define DATA_SMALL 0x48
#define DATA_READ_ONLY 0x50
#define TASK_STATE 0x58
#define SPARE 0x68

#endif
