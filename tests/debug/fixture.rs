// SPDX-License-Identifier: GPL-2.0-or-later
// The same in Rust, for names and inlined functions; test_symbols.c asserts the marked lines.
#![no_std]
#![no_main]

pub mod deep {
    use core::sync::atomic::{AtomicU32, Ordering};

    #[no_mangle]
    pub static SINK: AtomicU32 = AtomicU32::new(0);

    pub struct Thing<T> {
        pub value: T,
        pub count: u32,
    }

    pub enum Choice {
        None,
        Some { left: u64, right: u32 },
    }

    impl<T: Copy> Thing<T> {
        #[inline(always)]
        pub fn get(&self) -> T {
            SINK.store(self.count, Ordering::Relaxed); // LINE get
            self.value
        }
    }

    #[inline(never)]
    pub fn consume(thing: &Thing<u64>, choice: &Choice) -> u64 {
        let extra = match choice {
            Choice::None => 0,
            Choice::Some { left, right } => *left + *right as u64,
        };
        thing.get() + extra // LINE call of get
    }
}

#[no_mangle]
pub extern "C" fn _start() -> u64 {
    let thing = deep::Thing { value: 5u64, count: 1 };
    let choice = deep::Choice::Some { left: 1, right: thing.count };
    deep::consume(&thing, &choice) + deep::consume(&thing, &deep::Choice::None)
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}
