// What came of many game days, on the server's page in Chromium: each end that a firing can have is in the history, the stopped
// one tells its rollback and its proof, a question is decided, and two runs are compared; by keyboard alone.
//
//   node history.mjs SCREENSHOTS ADDRESS OPERATOR-TOKEN         for what tests/gamedays/twenty_minutes.py has made
import { visit } from "./visit.mjs";

const [shots, address, operator] = process.argv.slice(2);
const { open, logIn, enter, look, complain, end } = await visit(shots, address);

const olga = await open("light");
await logIn(olga, operator);
const past = olga.locator("[aria-labelledby=past]");
for (const [state, least] of [["finished", 5], ["stopped", 2], ["refused", 1], ["missed", 2]]) {
  const found = await past.locator(`.badge.${state}`).count();
  if (found < least) complain(`${found} firings are ${state} in the history, and not ${least}`);
}
await look(olga, "history");

await olga.goto(address + await past.getByRole("link", { name: /^outage/ }).first().getAttribute("href"));
await olga.getByRole("heading", { name: "Timeline" }).waitFor();
for (const words of ["stopping: more than 50 %", "rolling back:", "the rollback is proven: pass"]) {
  if (!await olga.getByText(words).count()) complain(`the timeline does not say "${words}"`);
}
await look(olga, "history-stopped");
const question = olga.getByLabel("What is decided (1)");
if (await question.count()) {
  await question.focus();
  await olga.keyboard.type("It is; a second one would only double the load.");
  await enter(olga, "Decide: Is one retry enough?");
}
await olga.getByText("would only double the load").first().waitFor();
await look(olga, "history-decided");

await olga.goto(`${address}#gameday/checkout`);
await olga.getByRole("heading", { name: "Compare any two" }).waitFor();
await olga.locator("#before").focus();
await olga.keyboard.press("End");
await enter(olga, "Compare them");
await olga.frameLocator("iframe").getByRole("heading", { level: 1 }).waitFor();
await look(olga, "history-compared");
await end();
