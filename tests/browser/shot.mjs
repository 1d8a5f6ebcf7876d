// A screenshot of a part of a report: node shot.mjs PAGE.html top|SELECTOR TARGET.png
import { address, launch } from "./chromium.mjs";

const [page, place, target] = process.argv.slice(2);
const browser = await launch();
const context = await browser.newContext({ viewport: { width: 1100, height: 860 }, colorScheme: "light" });
const tab = await context.newPage();
await tab.goto(address(page));
if (place !== "top") {
  await tab.locator(place).evaluate(element => element.scrollIntoView());
  // The values at a moment are half of what the charts are for.
  const box = await tab.locator("[data-plot=attempts]").boundingBox();
  await tab.mouse.move(box.x + box.width * 0.22, box.y + 40);
}
await tab.screenshot({ path: target });
await browser.close();
