// The page on paper, and without its script: what a reader needs is there, unfolded, and within the sheet.

// The width of A4 between margins of 12 mm, in CSS pixels.
const SHEET = 703;

const margin = { top: "12mm", bottom: "12mm", left: "12mm", right: "12mm" };

// Printed without script, as in a mail client, so that only the style sheet unfolds.
export async function print(page, target, complain) {
  await page.emulateMedia({ media: "print" });
  await page.setViewportSize({ width: SHEET, height: 1000 });
  const state = await page.evaluate(() => {
    const seen = element => element.checkVisibility({ contentVisibilityAuto: true }) && element.getBoundingClientRect().height > 0;
    const text = element => element.textContent.replace(/\s+/g, " ").trim().slice(0, 80);
    const all = selector => [...document.querySelectorAll(selector)];
    return {
      hidden: all(".finding dd, .finding .witness svg, .remarks li, .decisive dd").filter(element => !seen(element)).map(text),
      left: all("nav, .readout, .skip, button, .data").filter(seen).map(text),
      cut: all("main *").filter(element => !element.closest("svg") && seen(element)
        && element.getBoundingClientRect().right > innerWidth + 1).map(text),
      paper: getComputedStyle(document.body).backgroundColor,
    };
  });
  for (const text of state.hidden) complain(`paper does not show ${JSON.stringify(text)}`);
  for (const text of state.left) complain(`paper shows what is for a screen: ${JSON.stringify(text)}`);
  for (const text of state.cut.slice(0, 5)) complain(`paper cuts off ${JSON.stringify(text)}`);
  if (state.paper !== "rgb(255, 255, 255)") complain(`paper is ${state.paper}`);
  await page.pdf({ path: target, format: "A4", margin, printBackground: false });
}

// The page is whole without its script: the findings that did not pass are open, and every chart has its table.
export async function withoutScript(page, complain) {
  const bare = await page.locator("details.finding:has(> summary > .badge.fail):not([open])").count();
  if (bare) complain(`${bare} findings that failed are folded`);
  for (const chart of await page.locator("[data-plot]:not([data-plot='faults'])").all()) {
    const figure = chart.locator("xpath=ancestor::figure");
    if (!await figure.locator("table").count()) complain(`no table says what ${await chart.getAttribute("data-plot")} shows`);
  }
}
