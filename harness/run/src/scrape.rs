//! The gateway's own metrics, scraped once a second into the evidence.

mod exposition;

use std::time::Duration;

use evidence::{Recorder, Sample, Sheet};
use gateways::{MetricsPage, SCRAPED_EVERY};
use measure::brief::MetricsBrief;
use net::World;
use tokio_util::sync::CancellationToken;

use self::exposition::{Kept, read};

/// How long one page may take to come.
const BOUND: Duration = Duration::from_secs(1);

/// How long the last page is waited for beyond the time in which the gateway may still count: longer than most stalls of a machine.
const AFTER: Duration = Duration::from_millis(500);

/// The longest text that is recorded of a scrape that came to nothing, in bytes.
const FAILED_MAX: usize = 256;

/// Scrapes until the load is `over`, and once more when all of it may have been counted.
pub(crate) async fn scrape(
    world: World,
    page: MetricsPage,
    brief: MetricsBrief,
    recorder: Recorder,
    over: CancellationToken,
) {
    let timer = world.timer();
    let mut scraper = Scraper { world, page, kept: brief.kept, sheet: recorder.sheet(), number: 0 };
    let mut next = timer.now();
    loop {
        scraper.once().await;
        // One that took too long is not made up for.
        next = (next + *SCRAPED_EVERY).max(timer.now());
        tokio::select! {
            biased;
            () = over.cancelled() => break,
            () = timer.sleep_until(next) => {}
        }
    }
    timer.sleep(*brief.late + AFTER).await;
    scraper.once().await;
}

struct Scraper {
    world: World,
    page: MetricsPage,
    kept: Vec<String>,
    sheet: Sheet<Sample>,
    number: u32,
}

impl Scraper {
    async fn once(&mut self) {
        let asked = self.world.now();
        let page = self.page.fetch(&self.world, BOUND).await;
        let answered = self.world.now();
        let row = |series: Option<Box<str>>, value, failed| Sample {
            scrape: self.number,
            asked,
            answered,
            series,
            value,
            failed,
        };
        match page.and_then(|page| read(&page, &self.kept)) {
            Ok(Kept { told, series }) => {
                self.sheet.push(row(None, told as f64, None));
                for (series, value) in series {
                    self.sheet.push(row(Some(series), value, None));
                }
            }
            Err(why) => {
                tracing::debug!(at = %answered, why, "a scrape of the gateway's metrics came to nothing");
                let why = &why[..why.floor_char_boundary(FAILED_MAX)];
                self.sheet.push(row(None, 0.0, Some(why.into())));
            }
        }
        self.number += 1;
        self.sheet.flush();
    }
}
