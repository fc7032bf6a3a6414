//! The appliance's clock: one reading of the system clock at the start, checked against the chip
//! and the log, then carried on by a clock that nobody can set.

#![allow(clippy::disallowed_methods)] // this file reads the clocks for the whole daemon

use std::time::{Duration, SystemTime};

use rustix::time::{ClockId, clock_gettime};

use crate::domain::time::{ChipBoot, ChipTime, Length, Timestamp};
use crate::services::Moment;

/// How far the system clock may stray before it is said.
const TOLERANCE: Length = Length::from_seconds(60);
/// How far a reckoned reading of the chip may be off: 15 % of the ten minutes between two readings.
const RECKONED: Length = Length::from_seconds(90);

/// Where the log ends, on both clocks.
#[derive(Clone, Copy, Debug)]
pub struct LogEnd {
    /// On the appliance's clock.
    pub ts: Timestamp,
    /// On the chip's.
    pub mono: u64,
    /// The chip's boot.
    pub boot: ChipBoot,
}

/// A clock that only goes forward.
#[derive(Clone, Debug)]
pub struct Clock {
    /// The appliance's clock when `boottime_ms` was read.
    base: Timestamp,
    boottime_ms: u64,
    /// The first and the last reading of the chip, each with the boot-time milliseconds it was made at.
    first: (ChipTime, u64),
    last: (ChipTime, u64),
}

/// The clocks of the system, at one instant.
#[derive(Clone, Copy, Debug)]
pub struct SystemClocks {
    /// CLOCK_REALTIME, which root sets.
    pub wall: Timestamp,
    /// CLOCK_BOOTTIME in milliseconds, which nobody sets.
    pub boottime_ms: u64,
}

impl SystemClocks {
    /// Reads them.
    pub fn read() -> Self {
        let boot = clock_gettime(ClockId::Boottime);
        let boottime_ms = boot.tv_sec.unsigned_abs() * 1_000 + boot.tv_nsec.unsigned_abs() / 1_000_000;
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let wall = Timestamp::from_ms(u64::try_from(wall.as_millis()).unwrap_or(u64::MAX));
        Self { wall, boottime_ms }
    }
}

impl Clock {
    /// Begins where log and chip say that time is; the system clock is believed only forward, and
    /// within one boot of the chip only as far as the chip agrees.
    pub fn begin(system: SystemClocks, chip: ChipTime, end: LogEnd) -> Self {
        let base = if chip.boot == end.boot {
            // The log's reading is reckoned, and may be a little ahead of a slow chip.
            let passed = chip.clock_ms.saturating_sub(end.mono);
            let expected = end.ts.plus(Length::from_ms(passed));
            // The chip may run 15 % fast or slow by its specification.
            let slack = TOLERANCE.ms() + RECKONED.ms() + passed * 15 / 100;
            let agrees = system.wall.ms().abs_diff(expected.ms()) <= slack;
            if agrees { system.wall.max(end.ts) } else { expected }
        } else {
            system.wall.max(end.ts)
        };
        let reading = (chip, system.boottime_ms);
        Self { base, boottime_ms: system.boottime_ms, first: reading, last: reading }
    }

    /// The chip's boot that this clock was begun in.
    pub const fn boot(&self) -> ChipBoot {
        self.first.0.boot
    }

    /// Takes a new reading of the chip in the same boot. `system` was read just after it, so what is
    /// reckoned from it is never ahead of the chip.
    pub const fn read_chip(&mut self, system: SystemClocks, chip: ChipTime) {
        self.last = (chip, system.boottime_ms);
    }

    /// Now.
    pub fn moment(&self, system: SystemClocks) -> Moment {
        let passed = Length::from_ms(system.boottime_ms.saturating_sub(self.boottime_ms));
        let now = self.base.plus(passed);
        let behind = system.wall.until(now);
        let alarm = (behind > TOLERANCE)
            .then(|| format!("the system clock says {}, and it is {now} by log and chip", system.wall));
        let (chip, read_ms) = self.last;
        let mono = chip.clock_ms + system.boottime_ms.saturating_sub(read_ms);
        Moment { now, mono, boot: chip.boot, alarm }
    }

    /// What `doctor` says of a system clock that is ahead: it is not believed, and nothing is refused.
    pub fn ahead(&self, system: SystemClocks) -> Option<String> {
        let now = self.moment(system).now;
        (now.until(system.wall) > TOLERANCE)
            .then(|| format!("the system clock says {}, and it is {now} by log and chip", system.wall))
    }

    /// Whether the last reading of the chip is so old that a drift of 15 % would show.
    pub const fn is_stale(&self, system: SystemClocks) -> bool {
        const STALE_MS: u64 = 10 * 60 * 1_000;
        system.boottime_ms.saturating_sub(self.last.1) > STALE_MS
    }

    /// Chip and boot-time milliseconds between the first and the last reading of the chip.
    pub const fn rate(&self) -> (u64, u64) {
        let (first, last) = (self.first, self.last);
        (last.0.clock_ms.saturating_sub(first.0.clock_ms), last.1.saturating_sub(first.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOT: ChipBoot = ChipBoot { reset_count: 3, restart_count: 0 };
    const NEXT: ChipBoot = ChipBoot { reset_count: 4, restart_count: 0 };
    const HOUR: u64 = 3_600_000;

    fn system(wall: u64, boottime_ms: u64) -> SystemClocks {
        SystemClocks { wall: Timestamp::from_ms(wall), boottime_ms }
    }

    #[test]
    fn p13_time_never_goes_back_and_a_set_clock_is_not_believed() {
        let end = LogEnd { ts: Timestamp::from_ms(100 * HOUR), mono: 10 * HOUR, boot: BOOT };
        let later = |boot, hours: u64| ChipTime { clock_ms: (10 + hours) * HOUR, boot, safe: true };
        let cases = [
            // name, wall at start (h), chip, now (h), alarm
            ("clocks agree", 101, later(BOOT, 1), 101, false),
            ("wall set back in one boot", 90, later(BOOT, 1), 101, true),
            ("wall set ahead in one boot", 150, later(BOOT, 1), 101, false),
            ("reboot, wall later", 105, later(NEXT, 0), 105, false),
            ("reboot, wall set back", 90, later(NEXT, 0), 100, true),
            (
                "chip clock went back in one boot",
                105,
                ChipTime { clock_ms: 0, boot: BOOT, safe: true },
                100,
                false,
            ),
        ];
        for (name, wall, chip, now, alarm) in cases {
            let at = system(wall * HOUR, 7);
            let moment = Clock::begin(at, chip, end).moment(at);
            assert_eq!(moment.now.ms() / HOUR, now, "{name}");
            assert_eq!(moment.alarm.is_some(), alarm, "{name}");
        }
    }

    #[test]
    fn a_clock_set_while_the_daemon_runs_changes_nothing_but_the_alarm() {
        let end = LogEnd { ts: Timestamp::from_ms(0), mono: 0, boot: BOOT };
        let chip = ChipTime { clock_ms: 0, boot: BOOT, safe: true };
        let clock = Clock::begin(system(100 * HOUR, 0), ChipTime { boot: NEXT, ..chip }, end);
        let cases = [
            ("as it was", 100 * HOUR + 5_000, false, false),
            ("back within tolerance", 100 * HOUR + 5_000 - 60_000, false, false),
            ("back beyond it", 100 * HOUR + 5_000 - 60_001, true, false),
            ("ahead within tolerance", 100 * HOUR + 65_000, false, false),
            ("ahead beyond it", 100 * HOUR + 65_001, false, true),
        ];
        for (name, wall, alarm, ahead) in cases {
            let at = system(wall, 5_000);
            assert_eq!(clock.moment(at).now.ms(), 100 * HOUR + 5_000, "{name}");
            assert_eq!(clock.moment(at).alarm.is_some(), alarm, "{name}");
            assert_eq!(clock.ahead(at).is_some(), ahead, "{name}");
        }
    }
}
