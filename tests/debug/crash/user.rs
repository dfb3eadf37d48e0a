// SPDX-License-Identifier: GPL-2.0-or-later
// Drivers in Rust that die; test_traps.c starts them in user mode at their start_ functions and asserts the marked lines.
#![no_std]
#![no_main]

use core::panic::PanicInfo;

#[panic_handler]
fn panic(_info: &PanicInfo) -> ! {
    abort()
}

#[inline(never)]
fn abort() -> ! {
    unsafe {
        #[cfg(target_arch = "x86_64")]
        core::arch::asm!("ud2", options(noreturn));
        #[cfg(target_arch = "aarch64")]
        core::arch::asm!("udf #1", options(noreturn));
    }
}

mod display {
    pub struct Mode {
        pub width: u32,
        pub height: u32,
    }

    #[derive(Debug)]
    pub struct NoScanout(#[allow(dead_code)] pub u32);

    #[inline(never)]
    pub fn first_mode(modes: &[Mode]) -> Option<&Mode> {
        modes.iter().find(|mode| mode.width > 0)
    }

    #[inline(never)]
    pub fn scanout(number: u32) -> Result<u32, NoScanout> {
        if number > 3 {
            Err(NoScanout(number))
        } else {
            Ok(number)
        }
    }

    #[inline(always)]
    pub fn set_mode(modes: &[Mode]) -> u32 {
        let mode = first_mode(modes).unwrap(); // LINE unwrap of None
        mode.width * mode.height
    }

    #[inline(never)]
    pub fn start(modes: &[Mode]) -> u32 {
        set_mode(modes) + 1 // LINE call of set_mode
    }

    #[inline(never)]
    pub fn start_scanout(number: u32) -> u32 {
        scanout(number).unwrap() + 1 // LINE unwrap of Err
    }
}

mod network {
    pub struct Function {
        pub msix_table_size: u16,
        pub vectors: u16,
    }

    #[inline(never)]
    pub fn enable_msix(function: &Function) -> u16 {
        if function.msix_table_size > 0 {
            unimplemented!("MSI-X with {} vectors for {}", function.vectors, "virtio-net"); // LINE unimplemented
        }
        function.vectors
    }

    #[inline(never)]
    pub fn read_status(base: usize) -> u32 {
        unsafe { core::ptr::read_volatile((base + 0x1a8) as *const u32) } // LINE FAR 0xe1a8
    }
}

#[no_mangle]
pub extern "C" fn start_display() -> u32 {
    display::start(core::hint::black_box(&[]))
}

#[no_mangle]
pub extern "C" fn start_scanout() -> u32 {
    display::start_scanout(core::hint::black_box(7))
}

#[no_mangle]
pub extern "C" fn start_network() -> u32 {
    let function = network::Function { msix_table_size: 4, vectors: core::hint::black_box(3) };
    network::enable_msix(&function) as u32
}

#[no_mangle]
pub extern "C" fn start_status() -> u32 {
    network::read_status(core::hint::black_box(0xe000)) + 1
}

#[used]
static STARTS: [extern "C" fn() -> u32; 4] = [start_display, start_scanout, start_network, start_status];

#[no_mangle]
pub extern "C" fn _start() -> ! {
    abort()
}
