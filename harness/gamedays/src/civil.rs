//! Croner's dates in the words of the time library that all rooms use: croner itself knows an older version of it.

use std::cmp::Ordering;

use croner::errors::CronError;
use croner::{CivilDateTime, CronDateTime, Resolution, Weekday};
use jiff::civil::DateTime;
use jiff::tz::AmbiguousOffset;
use jiff::{SignedDuration, ZonedDateTime};

/// A moment on the clocks of a zone.
#[derive(Clone, Debug)]
pub(crate) struct Zoned(pub(crate) ZonedDateTime);

/// A time on a clock that is never put forward or back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Civil(pub(crate) DateTime);

fn to_croner(time: DateTime) -> CivilDateTime {
    let part = |number: i8| u32::try_from(number).unwrap_or_default();
    CivilDateTime::from_ymd_hms_opt(
        i32::from(time.year()),
        part(time.month()),
        part(time.day()),
        part(time.hour()),
        part(time.minute()),
        part(time.second()),
    )
    .expect("the time library keeps every part within its range")
}

fn from_croner(time: CivilDateTime) -> Result<DateTime, CronError> {
    let year = i16::try_from(time.year()).map_err(|_| CronError::InvalidDate)?;
    let part = |number: u32| i8::try_from(number).map_err(|_| CronError::InvalidDate);
    let (month, day) = (part(time.month())?, part(time.day())?);
    let (hour, minute, second) = (part(time.hour())?, part(time.minute())?, part(time.second())?);
    DateTime::new(year, month, day, hour, minute, second, 0).map_err(|_| CronError::InvalidDate)
}

fn weekday(time: DateTime) -> Weekday {
    Weekday::from_days_from_sunday(time.weekday().to_sunday_zero_offset().unsigned_abs().into())
}

impl CronDateTime for Zoned {
    fn to_civil(&self) -> CivilDateTime {
        to_croner(self.0.datetime())
    }

    fn civil_weekday(&self) -> Weekday {
        weekday(self.0.datetime())
    }

    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<Self>, CronError> {
        let found = self.0.time_zone().to_ambiguous_zoned_datetime(from_croner(civil)?);
        let wrong = |_| CronError::InvalidTime;
        Ok(match found.offset() {
            AmbiguousOffset::Unambiguous { .. } => {
                Resolution::Single(Zoned(found.unambiguous().map_err(wrong)?))
            }
            AmbiguousOffset::Fold { .. } => {
                let earlier = found.clone().earlier().map_err(wrong)?;
                Resolution::Ambiguous(Zoned(earlier), Zoned(found.later().map_err(wrong)?))
            }
            AmbiguousOffset::Gap { .. } => Resolution::Gap,
        })
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Self> {
        self.0.checked_add(SignedDuration::from_secs(seconds)).ok().map(Zoned)
    }

    fn cmp_instant(&self, other: &Self) -> Ordering {
        self.0.timestamp().cmp(&other.0.timestamp())
    }
}

impl CronDateTime for Civil {
    fn to_civil(&self) -> CivilDateTime {
        to_croner(self.0)
    }

    fn civil_weekday(&self) -> Weekday {
        weekday(self.0)
    }

    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<Self>, CronError> {
        Ok(Resolution::Single(Civil(from_croner(civil)?)))
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Self> {
        self.0.checked_add(SignedDuration::from_secs(seconds)).ok().map(Civil)
    }

    fn cmp_instant(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}
