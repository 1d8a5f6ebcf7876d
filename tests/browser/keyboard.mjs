// The page by keyboard alone: every place is reached by Tab, in the order of the page and with a focus that is seen;
// charts obey arrow keys; what is folded opens by Enter.

const FOCUSABLE = "a[href], summary, button, input, [tabindex]:not([tabindex='-1'])";

// Tab from the top of the page to its end, and on: no place is left out, none holds the focus.
export async function path(page, complain) {
  const wanted = await page.evaluate(selector => {
    // What is folded away is not reached until it is unfolded.
    const shown = [...document.querySelectorAll(selector)].filter(element => element.checkVisibility({ contentVisibilityAuto: true }));
    shown.forEach((element, index) => { element.dataset.place = index; });
    return shown.length;
  }, FOCUSABLE);
  const places = [];
  for (let press = 0; press < wanted + 1; press++) {
    await page.keyboard.press("Tab");
    const focus = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return null;
      const style = getComputedStyle(element);
      return { place: element.dataset.place, html: element.outerHTML.slice(0, 120),
        seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 };
    });
    if (!focus) break;
    if (!focus.seen) complain(`the focus is not seen on ${focus.html}`);
    places.push(Number(focus.place));
  }
  const order = places.slice(0, wanted);
  if (order.length < wanted || order.some((place, index) => place !== index)) {
    complain(`Tab visits ${order.slice(0, 12).join(" ")} …, ${order.length} places of ${wanted} in the order of the page`);
  }
  if (places.length > wanted) complain("Tab does not leave the page at its end");
}

// The skip link leads past the head; a link to a witness unfolds it; Enter opens and closes what is folded.
export async function details(page, complain) {
  const skip = page.locator(".skip");
  if (await skip.count()) {
    await page.keyboard.press("Tab");
    const box = await skip.boundingBox();
    if (!box || box.x < 0) complain("the skip link is not seen when it has the focus");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    const inside = await page.evaluate(() => document.activeElement?.closest("#findings") !== null);
    if (!inside) complain("the skip link does not lead to the findings");
  }
  const last = page.locator(".index a").last();
  if (await last.count()) {
    await last.focus();
    await page.keyboard.press("Enter");
    const target = page.locator((await last.getAttribute("href")).replace("#", "figure#"));
    await target.waitFor({ state: "visible", timeout: 2000 }).catch(() => complain("a link to a witness does not unfold it"));
  }
  const summary = page.locator("details > summary").first();
  if (await summary.count()) {
    const open = () => summary.evaluate(element => element.parentElement.open);
    await summary.focus();
    const before = await open();
    await page.keyboard.press("Enter");
    if (before === await open()) complain("Enter does not open what is folded");
  }
}

// The cursor, by keyboard and by pointer: one moment in all charts, and a stretch that is summed up.
export async function walk(page, complain) {
  const plots = page.locator("[data-plot]");
  if (!await plots.count()) return;
  const moment = () => page.locator("#moment").textContent();
  await plots.first().focus();
  await page.keyboard.press("Home");
  const before = await moment();
  await page.keyboard.press("ArrowRight");
  if (before === await moment()) complain("an arrow key does not move the cursor");
  const places = await page.locator(".cursor").evaluateAll(lines => lines.map(line => line.getAttribute("x1")));
  if (new Set(places).size !== 1) complain("the cursor is not at one moment in all charts");
  const silent = await page.locator(".value").evaluateAll(values => values.filter(value => !value.textContent.trim()).length);
  if (silent) complain(`${silent} lines of charts have no value at the moment`);
  await page.keyboard.press("Shift+ArrowRight");
  if (!/were due/.test(await page.locator("#stretch").textContent())) complain("a selected stretch is not summed up");
  await page.keyboard.press("Escape");
  if (await page.locator("#stretch").textContent()) complain("Escape does not clear the selection");
  const last = plots.last();
  await last.scrollIntoViewIfNeeded();
  const box = await last.boundingBox();
  await page.mouse.move(box.x + box.width * 0.5, box.y + 8);
  const pointed = await moment();
  await page.mouse.move(box.x + box.width * 0.9, box.y + 8);
  if (pointed === await moment()) complain("the pointer does not move the cursor");
}
