//! What machine a figure was measured on.
//!
//! A figure without its machine is a rumour. Reads what Linux says about itself; what it does not say is
//! "unknown", never a guess.

use std::fs;
use std::process::Command;

/// One line: processor, cores, memory, kernel, compiler.
pub(crate) fn description() -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let meminfo = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let rustc = Command::new("rustc").arg("--version").output();
    let rustc = rustc.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    format!(
        "{}, {cores} cores, {} memory, kernel {}, {}",
        field(&cpuinfo, "model name").unwrap_or("unknown processor"),
        field(&meminfo, "MemTotal").map_or_else(|| "unknown".to_owned(), gibibytes),
        or_unknown(kernel.trim()),
        or_unknown(&rustc.unwrap_or_default()),
    )
}

/// The value of the first line `name : value`.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim())
    })
}

/// `2097152 kB` as `2.0 GiB`; the kernel's kB are 1024 bytes (proc(5)).
fn gibibytes(kilobytes: &str) -> String {
    let number = kilobytes.split_whitespace().next().and_then(|digits| digits.parse::<u32>().ok());
    number.map_or_else(|| kilobytes.to_owned(), |kib| format!("{:.1} GiB", f64::from(kib) / 1_048_576.0))
}

fn or_unknown(text: &str) -> &str {
    if text.is_empty() { "unknown" } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let text = "model\t\t: 1\nmodel name\t: A Processor: Fast\n";
        assert_eq!(field(text, "model name"), Some("A Processor: Fast"));
        assert_eq!(field(text, "name"), None);
    }

    #[test]
    fn memory_is_shown_in_gibibytes_and_what_is_no_number_as_it_is() {
        assert_eq!(gibibytes("2097152 kB"), "2.0 GiB");
        assert_eq!(gibibytes("much"), "much");
    }
}
