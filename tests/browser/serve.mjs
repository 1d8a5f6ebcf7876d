// The server's page in Chromium: one user starts a game day, another approves it, it runs, its report is looked at, and the red
// button is pressed and lifted; by keyboard alone, with hostile names and notes, checked by axe-core at two widths.
//
//   node serve.mjs SCREENSHOTS ADDRESS OPERATOR-TOKEN APPROVER-TOKEN
import { visit } from "./visit.mjs";

const [shots, address, operator, approver] = process.argv.slice(2);
const { open, logIn, enter, look, complain, end } = await visit(shots, address);

const olga = await open("light"), ann = await open("dark");
await look(olga, "login");
await logIn(olga, operator);
await logIn(ann, approver);
await look(olga, "overview");
if (await ann.locator("#red").isVisible()) complain("somebody who may not press the red button sees it");

await enter(olga, "Start by hand: outage");
await olga.locator("#reason-text").waitFor();
await olga.keyboard.type("after the release");
await enter(olga, "Start");
const link = ann.getByRole("link", { name: /^outage \d+$/ });
await link.nth(1).waitFor();
// The one that was asked for is due now, before that of the schedule.
await ann.goto(address + await link.first().getAttribute("href"));
await ann.locator("#comment").waitFor();
await look(ann, "firing-due");
await ann.locator("#comment").focus();
await ann.keyboard.type("go");
await enter(ann, "Approve as ann");
await ann.locator(".badge.running").waitFor();
await olga.goto(ann.url());
await olga.locator("#note").focus();
await olga.keyboard.type("<img src=x onerror=window.owned=1>\u202e");
await enter(olga, "Note it");
// It is announced as well.
await olga.getByRole("listitem").filter({ hasText: "onerror" }).waitFor();
await olga.locator("#live svg").first().waitFor();
await look(olga, "firing-live");
await olga.locator(".badge.finished").waitFor({ timeout: 60000 });
await enter(olga, "Report of run 0");
await olga.frameLocator("iframe").getByRole("heading", { level: 1 }).waitFor();
await look(olga, "firing-finished");

await olga.goto(address);
await olga.reload();
await olga.getByRole("heading", { name: "History" }).waitFor();
await enter(olga, "What changed from 1.toml to 2.toml");
await olga.frameLocator("iframe").getByRole("heading", { level: 1 }).waitFor();
await look(olga, "profiles");
await olga.reload();
await olga.getByRole("heading", { name: "History" }).waitFor();
await enter(olga, "Stop everything");
await olga.locator("#reason-text").waitFor();
await olga.keyboard.type("smoke");
await enter(olga, "Stop everything");
await olga.locator("#alarm").getByText("smoke").waitFor();
await ann.goto(address);
await ann.locator("#alarm").getByText("smoke").waitFor();
await look(olga, "button");
await enter(olga, "Lift it");
await olga.locator("#alarm").getByText("smoke").waitFor({ state: "detached" });
await enter(olga, "outage", true);
await olga.getByRole("heading", { name: "Its last firings" }).waitFor();
await look(olga, "gameday");
await enter(olga, "Log out");
await olga.locator("#token").waitFor();

await end();
