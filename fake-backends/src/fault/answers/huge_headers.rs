//! The fault that answers with a large head.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{Share, Size};

use crate::fault::{Effect, Fault, Incoming, on_attempts};

/// Answers with a head of many fields, or of long ones.
///
/// # What it does
/// The answer has `fields` fields more (1 without it), which take `size` bytes together. `share` is drawn for each
/// attempt.
///
/// # What the gateway sees
/// A response head that may be beyond its buffer: nginx answers 502 above `proxy_buffer_size` (4 or 8 KiB), Envoy above
/// `max_response_headers_kb` or 100 fields, HAProxy above `tune.bufsize`.
///
/// # What it stands for
/// Cookies and tokens that grow, debugging fields that were left on: a response that works without the gateway and is a
/// 502 behind it.
///
/// # When it cannot be proven
/// It always can: the attempt is recorded with what was sent of the answer, and when the gateway left.
///
/// # Example
/// `huge_headers = { size = "20KiB" }`
/// `huge_headers = { size = "4KiB", fields = 150 }`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HugeHeaders {
    /// Bytes of the further fields, together with their names.
    pub size: Size,
    /// How many fields they are; 1 without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<u32>,
    /// The part of the attempts that it hits.
    #[serde(default)]
    pub share: Share,
}

impl Fault for HugeHeaders {
    fn effect(&self, incoming: &Incoming) -> Effect {
        on_attempts(incoming, self.share, || {
            let count = self.fields.unwrap_or(1);
            let each = self.size.0 / u64::from(count.max(1));
            let field = |number| {
                let name = format!("x-brownout-padding-{number}");
                // A field line has a colon, a blank and two line ends beside its name and value.
                let value = each.saturating_sub(name.len() as u64 + 4).max(1);
                (name, "p".repeat(value as usize))
            };
            Effect { fields: Some((1..=count).map(field).collect()), ..Effect::default() }
        })
    }

    fn problem(&self) -> Option<String> {
        match self {
            HugeHeaders { size, .. } if size.0 == 0 || *size > SIZE_MAX => {
                Some(format!("a head of {size} more: expected above zero, and at most {SIZE_MAX}"))
            }
            HugeHeaders { fields: Some(count), .. } if !(1..=FIELDS_MAX).contains(count) => {
                Some(format!("{count} fields: expected 1 to {FIELDS_MAX}"))
            }
            _ => None,
        }
    }
}

/// The largest head that is sent: far beyond what any gateway takes.
const SIZE_MAX: Size = Size(1 << 20);

/// The most fields that are sent.
const FIELDS_MAX: u32 = 10_000;
