/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clocks: the TSC never goes back, and all clocks of the board run at rates that agree with one another. */
#include "guest.h"

static uint32_t pit_elapsed(void)
{
    out8(0x43, 0x80); /* latch channel 2 */
    uint32_t low = in8(0x42);
    return 0xffff - (low | (uint32_t)in8(0x42) << 8);
}

/* The 8254's channel 2 counts down from 0xffff at 1193182 Hz once its gate is up. */
static void pit_start(void)
{
    out8(0x61, (in8(0x61) & ~2) | 1);
    out8(0x43, 0xb0); /* channel 2, both bytes, mode 0 */
    out8(0x42, 0xff);
    out8(0x42, 0xff);
    while (pit_elapsed() > 0x8000) { /* the count is loaded with the next clock */
    }
}

static bool within(uint64_t value, uint64_t target, uint64_t per_mille)
{
    return value >= target - target * per_mille / 1000 && value <= target + target * per_mille / 1000;
}

/* ACPI's power management timer, 3579545 Hz, at the port that firmware of q35 gives it; set up here as there may be none. */
static uint16_t pm_timer(void)
{
    out32(0xcf8, 0x8000f840);
    uint32_t base = in32(0xcfc) & 0xff80;
    if (!base) {
        out32(0xcf8, 0x8000f840);
        out32(0xcfc, 0x601);
        base = 0x600;
    }
    out32(0xcf8, 0x8000f844);
    out8(0xcfc, in8(0xcfc) | 0x80);
    return (uint16_t)(base + 8);
}

void guest_main(void)
{
    uint64_t last = tsc();
    bool back = false;
    for (unsigned i = 0; i < 20000; i++) {
        uint64_t now = tsc();
        back |= now < last;
        last = now;
    }
    say_if("the TSC went back", back);
    uint16_t port = pm_timer();
    volatile uint64_t *hpet = (volatile uint64_t *)0xfed00000;
    say("HPET vendor", hpet[0] >> 16 & 0xffff);
    say("HPET period in femtoseconds", hpet[0] >> 32);
    hpet[2] = hpet[2] | 1;
    lapic_write(0x3e0, 0xb); /* divide by 1 */
    lapic_write(0x320, 0x10041);
    lapic_write(0x380, 0xffffffff);
    pit_start();
    uint32_t pm = in32(port);
    uint64_t hpet_start = hpet[0xf0 / 8], apic = lapic_read(0x390);
    while (pit_elapsed() < 23864) { /* 20 ms */
    }
    uint32_t pit = pit_elapsed();
    uint64_t pm_ticks = (in32(port) - pm) & 0xffffff;
    uint64_t hpet_ticks = hpet[0xf0 / 8] - hpet_start;
    uint64_t apic_ticks = apic - lapic_read(0x390);
    uint64_t nanoseconds = (uint64_t)pit * 1000000000 / 1193182;
    say_if("the PM timer agrees", within(pm_ticks * 1000000000 / 3579545, nanoseconds, 50));
    say_if("the HPET agrees", within(hpet_ticks * (hpet[0] >> 32) / 1000000, nanoseconds, 50));
    say_if("the APIC timer runs at 1 GHz", within(apic_ticks, nanoseconds, 50));
    uint32_t first = pit_elapsed();
    uint64_t t = tsc();
    while (tsc() - t < 1000) {
    }
    say_if("the PIT goes on", pit_elapsed() >= first);
}
