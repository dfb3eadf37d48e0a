// SPDX-License-Identifier: GPL-2.0-or-later
// Variables of Rust, for test_locals.c.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{string::String, vec::Vec};
use core::alloc::{GlobalAlloc, Layout};
use core::sync::atomic::{AtomicUsize, Ordering};

struct Bump;

static NEXT: AtomicUsize = AtomicUsize::new(0);
static mut HEAP: [u64; 512] = [0; 512];

unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let at = NEXT.fetch_add((layout.size() + 15) & !15, Ordering::Relaxed);
        ((&raw mut HEAP) as *mut u8).wrapping_add(at)
    }
    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOCATOR: Bump = Bump;

pub struct Wrapped(pub u64);
pub struct Thing<'a> {
    pub name: &'a str,
    pub count: u32,
}
pub enum Choice {
    Nothing,
    Pair(u32, i8),
    Named { left: u64, right: u32 },
}
pub enum Bare {
    First,
    Second = 7,
}

#[no_mangle]
#[inline(never)]
pub extern "C" fn look(value: u64) {
    NEXT.fetch_add((value & 0) as usize, Ordering::Relaxed);
}

#[inline(never)]
fn plain(thing: &Thing, choice: Choice, other: Choice, letter: char) -> u64 {
    let nothing = Choice::Nothing;
    let bare = if letter == 'x' { Bare::First } else { Bare::Second };
    let number = 5u64;
    let some = Some(&number);
    let none: Option<&u64> = None;
    let maybe: Option<u32> = Some(6);
    let failed: Result<u16, Bare> = Err(Bare::First);
    let slice: &[u16] = &[1, 2, 3];
    let string = String::from("owned \"text\"");
    let mut vector: Vec<u32> = Vec::new();
    vector.extend_from_slice(&[10, 20, 30]);
    let tuple = (1u8, -2i64);
    let wrapped = Wrapped(4096);
    let wide = 1u128 << 64;
    let array = [[1u8, 2], [3, 4]];
    let yes = true;
    look(number + thing.count as u64);
    string.len() as u64 + vector[0] as u64 + tuple.0 as u64 + wrapped.0 + wide as u64 + array[0][0] as u64 + slice[0] as u64
        + some.is_some() as u64 + none.is_some() as u64 + maybe.is_some() as u64 + failed.is_ok() as u64 + yes as u64
        + matches!(choice, Choice::Nothing) as u64 + matches!(other, Choice::Nothing) as u64
        + matches!(nothing, Choice::Nothing) as u64 + matches!(bare, Bare::First) as u64
}

#[no_mangle]
pub extern "C" fn _start() -> u64 {
    let thing = Thing { name: "grüße", count: 3 };
    let sum = plain(&thing, Choice::Pair(8, -9), Choice::Named { left: 1, right: 2 }, 'ß');
    look(sum);
    loop {}
}

// Where the library has none.
#[no_mangle]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, length: usize) -> *mut u8 {
    let mut i = 0;
    while i < length {
        to.add(i).write_volatile(from.add(i).read_volatile());
        i += 1;
    }
    to
}

#[no_mangle]
unsafe extern "C" fn memset(to: *mut u8, byte: i32, length: usize) -> *mut u8 {
    let mut i = 0;
    while i < length {
        to.add(i).write_volatile(byte as u8);
        i += 1;
    }
    to
}

#[no_mangle]
extern "C" fn rust_eh_personality() {}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}
