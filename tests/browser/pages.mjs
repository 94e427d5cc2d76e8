// The pages as a browser shows them. PAGES is the folder that tests/browser/run filled.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { is, ok, run, test } from "./tap.mjs";

const folder = process.env.PAGES;
const SAMPLE = `${folder}/sample/report.html`;
const HOSTILE = `${folder}/hostile/report.html`;
const LESSONS = `${folder}/lessons/lessons.html`;
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

// Opens a page without a network, notes what it asks for and complains of, and fails on either.
async function open(file, body, { hash = "", ...options } = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, offline: true, ...options });
    const page = await context.newPage();
    const wrong = [];
    page.on("console", (message) => { if (/error|warning/.test(message.type())) wrong.push(`console: ${message.text()}`); });
    page.on("pageerror", (error) => wrong.push(`error: ${error.message}`));
    page.on("request", (request) => {
        if (request.url().split("#")[0] !== `file://${file}` && !request.url().startsWith("data:")) wrong.push(`asked for ${request.url()}`);
    });
    page.setDefaultTimeout(20000);
    try {
        await page.goto(`file://${file}${hash}`);
        await body(page);
        is(wrong, [], "complaints and requests");
    } finally {
        await context.close();
    }
}

const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
const now = (page) => page.$eval("#replay", (section) => Number(section.dataset.now));
const skip = (page) => page.click("#skip");

async function scrub(page, seconds) {
    await page.$eval("#scrub", (input, value) => {
        input.value = value;
        input.dispatchEvent(new Event("input", { bubbles: true }));
    }, seconds);
}

// { "threads 3": "waiting", … } as the page shows it.
const states = (page) => page.$$eval(".track", (tracks) => Object.fromEntries(tracks.flatMap((track) => {
    const model = track.querySelector("h3 span:nth-child(2)").textContent;
    return [...track.querySelectorAll(".chip")].map((chip) => [`${model} ${chip.textContent}`, chip.dataset.state]);
})));

// The recording, read here without the page's help.
const spans = readFileSync(`${folder}/sample/data/timeline.csv`, "utf8").trim().split("\n").slice(1)
    .map((line) => line.split(","))
    .filter((fields) => fields[3] !== "cpu")
    .map(([model, , index, phase, start, end]) => ({ url: `${model} ${index}`, phase, start: Number(start), end: Number(end) }));
const last = Math.max(...spans.map((span) => span.end));

// What each URL is doing at that time, by the recording.
function recorded(time) {
    const found = {};
    for (const span of spans) {
        found[span.url] ??= "untaken";
        if (time >= span.end) found[span.url] = "done";
        else if (time >= span.start) found[span.url] = span.phase;
    }
    return found;
}
const sorted = (object) => Object.entries(object).sort();

async function seriousFaults(page) {
    await page.evaluate(axeSource);
    const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    return violations.filter((one) => /serious|critical/.test(one.impact))
        .map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 100)).join(" | ")}`);
}

test("report: the answer and what each pays stand on the first screen", () => open(SAMPLE, async (page) => {
    const bottom = await page.$eval(".receipt", (table) => table.getBoundingClientRect().bottom);
    ok(bottom < 900, `the receipts end at ${bottom} of 900 pixels`);
    const rows = await page.$$eval(".receipt tbody th", (all) => all.slice(0, 4).map((one) => one.textContent));
    is(rows, ["asyncnone seen faster", "threadsnone seen faster", "processes1.38× the time", "sequential45.6× the time"]);
    ok(await page.isHidden(".extremes"), "a wide screen has the table");
    const lead = await page.textContent(".lead");
    ok(/async and threads: no difference/.test(lead) && /sequential 45.6×/.test(lead), lead);
}));

test("report: latency has a row a rate, compared where the rate is common", () => open(SAMPLE, async (page) => {
    const rows = await page.$$eval(".values > div", (all) => all.map((row) => [...row.children].map((one) => one.innerText)));
    const row = (value) => rows.find(([name]) => name === `variant ${value}`)?.[1];
    ok(/^Lowest p99 latency: async\. threads: 2×/.test(row("common")), row("common"));
    ok(/^Each at its own rate, so not compared/.test(row("50 %")), row("50 %"));
    ok(rows.every(([, said]) => !/Not compared between/.test(said)), "a row is without a comparison");
}));

test("report: on a phone's first screen stand who differs and who pays most of what", () => open(SAMPLE, async (page) => {
    const bottom = await page.$eval(".extremes", (list) => list.getBoundingClientRect().bottom);
    ok(bottom < 844, `it ends at ${bottom} of 844 pixels`);
    const said = await page.$$eval(".extremes li", (all) => all.map((one) => one.textContent));
    ok(said.includes("Memory async 15.8 KiB to processes 396 KiB"), said.join("; "));
}, { viewport: { width: 390, height: 844 } }));

for (const width of [390, 1280, 1920]) {
    test(`report: nothing hangs over at ${width} pixels`, () => open(SAMPLE, async (page) => {
        is(await overflow(page), 0, "overflow before the replay");
        await skip(page);
        await page.click("#compare");
        await page.$$eval("details", (all) => all.forEach((one) => { one.open = true; }));
        is(await overflow(page), 0, "overflow with all unfolded");
    }, { viewport: { width, height: 900 } }));
}

test("guess: it is set beside what was measured, right or not", () => open(SAMPLE, async (page) => {
    ok(await page.isHidden("#stage"), "the replay waits for a guess");
    await page.check('input[name=time][value=sequential]');
    await page.check('input[name=cpu][value=async]');
    await page.click("#guess button[type=submit]");
    ok(await page.isHidden("#guess") && await page.isVisible("#stage"), "the replay follows the guess");
    ok(await page.isHidden("#measured"), "the measurement waits for the replay's end");
    await scrub(page, last);
    await page.click("#compare");
    const rows = await page.$$eval("#measured tbody tr", (all) => all.map((row) => [...row.cells].map((cell) => cell.textContent)));
    const row = (name) => rows.find((cells) => cells[0].startsWith(name));
    is(row("time").slice(1, 4), ["sequential", "sequential: 10.1 s", "✓ right"]);
    is(row("processor").slice(1, 4), ["async", "processes: 659 µs", "✗ not this one"]);
    is(row("memory").slice(1, 4), ["–", "processes: 396 KiB", "no guess"]);
}));

test("replay: at each scrubbed time every URL is as recorded", () => open(SAMPLE, async (page) => {
    await skip(page);
    const times = [0, last, ...spans.filter((_, i) => i % 7 === 0).flatMap((span) => [span.start, (span.start + span.end) / 2, span.end])];
    for (const time of times) {
        await scrub(page, time);
        ok(Math.abs(await now(page) - time) < 1e-9, `scrubbed to ${await now(page)}, not ${time}`);
        is(sorted(await states(page)), sorted(recorded(time)), `at ${time} s`);
    }
    const seen = new Set(times.flatMap((time) => Object.values(recorded(time))));
    is([...seen].sort(), ["done", "receiving", "untaken", "waiting"], "states that were tried");
}));

test("replay: plays to the end, pauses, and plays again", () => open(SAMPLE, async (page) => {
    await skip(page);
    await page.click("#play");
    await page.waitForFunction(() => Number(document.getElementById("replay").dataset.now) > 0.01);
    await page.click("#play");
    const paused = await now(page);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    is(await now(page), paused, "while paused");
    ok(paused < last, "it did not jump to the end");
    await page.selectOption("#speed", "1");
    await page.click("#play");
    await page.waitForFunction((end) => Number(document.getElementById("replay").dataset.now) === end, last);
    ok(Object.values(await states(page)).every((state) => state === "done"), "every URL is done");
    ok(await page.isVisible("#measured"), "the measurement follows the replay");
    is(await page.textContent("#play"), "Play again");
    await page.click("#play");
    ok(await now(page) < last, "it began anew");
}));

test("replay: the processor's lane says idle and working as recorded", () => open(SAMPLE, async (page) => {
    await skip(page);
    const cpu = readFileSync(`${folder}/sample/data/timeline.csv`, "utf8").split("\n").map((line) => line.split(","))
        .filter((fields) => fields[0] === "sequential" && fields[3] === "cpu").map((fields) => fields.slice(4).map(Number));
    await scrub(page, (cpu[1][0] + cpu[1][1]) / 2);
    ok(/processor working/.test(await page.textContent(".track.sequential h3")), "within a span it works");
    await scrub(page, (cpu[1][1] + cpu[2][0]) / 2);
    ok(/processor idle/.test(await page.textContent(".track.sequential h3")), "between two it is idle");
}));

test("keyboard: guess, play, step and ends without a mouse", () => open(SAMPLE, async (page) => {
    await page.focus("#guess input");
    await page.keyboard.press("Space");
    await page.keyboard.press("Enter");
    is(await page.evaluate(() => document.activeElement.id), "play", "focus after the guess");
    const ordered = [...new Set(spans.flatMap((span) => [span.start, span.end]))].sort((a, b) => a - b);
    await page.keyboard.press("Home");
    await page.keyboard.press(".");
    is(await now(page), ordered[0], "one step on");
    await page.keyboard.press(".");
    is(await now(page), ordered[1], "two steps on");
    ok(/URL \d+ is/.test(await page.textContent("#happened")), "the step is told in words");
    await page.keyboard.press(",");
    is(await now(page), ordered[0], "one step back");
    await page.keyboard.press("Space");
    is(await page.textContent("#play"), "Pause", "space on the button plays");
    await page.keyboard.press("Space");
    ok(/^Play/.test(await page.textContent("#play")), "and pauses");
    await page.keyboard.press("End");
    is(await now(page), last, "end");
    await page.focus("#scrub");
    await page.keyboard.press("Home");
    is(await now(page), 0, "home");
    await page.keyboard.press("PageUp");
    ok(await now(page) > 0, "the slider's own keys move it");
}));

test("reduced motion: play goes from event to event", () => open(SAMPLE, async (page) => {
    await page.clock.install();
    await page.reload();
    await skip(page);
    const moments = new Set([0, last, ...spans.flatMap((span) => [span.start, span.end])]);
    await page.click("#play");
    const seen = [];
    for (let i = 0; i < 12; i++) {
        await page.clock.runFor(250);
        seen.push(await now(page));
    }
    ok(seen.every((time) => moments.has(time)), `only recorded moments: ${seen}`);
    ok(new Set(seen).size >= 3, `it moves on: ${seen}`);
}, { reducedMotion: "reduce" }));

test("dark: follows the system, and the button turns it", () => open(SAMPLE, async (page) => {
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const shown = () => page.$$eval("#chart-total-time img", (all) => all.filter((one) => one.offsetParent).map((one) => one.className));
    is([await paper(), await shown()], ["rgb(20, 23, 28)", ["on-dark"]], "as the system is");
    await page.click("#theme");
    is([await paper(), await shown()], ["rgb(255, 255, 255)", ["on-light"]], "turned");
    await page.click("#theme");
    is([await paper(), await shown()], ["rgb(20, 23, 28)", ["on-dark"]], "and back");
}, { colorScheme: "dark" }));

for (const colorScheme of ["light", "dark"]) {
    test(`axe: no serious fault in the report, ${colorScheme}`, () => open(SAMPLE, async (page) => {
        is(await seriousFaults(page), [], "with the guess");
        await skip(page);
        await scrub(page, last / 4);
        await page.click("#compare");
        await page.$$eval("details", (all) => all.forEach((one) => { one.open = true; }));
        is(await seriousFaults(page), [], "with the replay");
    }, { colorScheme }));
}

test("class view: shows the replay alone", () => open(SAMPLE, async (page) => {
    ok(await page.isHidden("#answer") && await page.isVisible("#guess"), "only the replay");
    await page.click("#class-view");
    ok(await page.isVisible("#answer"), "and all of it again");
}, { hash: "#class" }));

test("hostile names: they are shown, and nothing of them runs", () => open(HOSTILE, async (page) => {
    await skip(page);
    await page.click("#compare");
    is(await page.evaluate(() => [window.harmed, document.querySelectorAll("script:not([type]), img:not([src^='data:'])").length]),
        [null, 2], "harm, and scripts and pictures that are not ours");
    ok((await page.textContent("#tracks")).includes("<script>window.harmed=1"), "the name stands there as text");
    is(await overflow(page), 0, "overflow");
}));

test("without scripts: answer, charts and ledger are there, the replay is not", () => open(SAMPLE, async (page) => {
    ok(await page.isVisible(".lead") && await page.isVisible("#chart-timeline img.on-light"), "answer and charts");
    ok(await page.isHidden("#replay") && await page.isHidden("#theme"), "no dead buttons");
}, { javaScriptEnabled: false }));

test("print: everything is unfolded, and no button is", () => open(SAMPLE, async (page) => {
    await page.emulateMedia({ media: "print" });
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    is(await page.$$eval("details:not([open])", (all) => all.length), 0, "folded parts");
    ok(await page.isHidden("nav") && await page.isHidden("#replay") && await page.isHidden("#theme"), "no controls");
    await page.evaluate(() => dispatchEvent(new Event("afterprint")));
    ok(await page.$$eval("details:not([open])", (all) => all.length) > 0, "folded again");
}));

if (existsSync(LESSONS)) {
    for (const width of [390, 1280, 1920]) {
        test(`lessons: nothing hangs over at ${width} pixels`, () => open(LESSONS, async (page) => {
            await page.$$eval("details", (all) => all.forEach((one) => { one.open = true; }));
            is(await overflow(page), 0, "overflow");
        }, { viewport: { width, height: 900 } }));
    }
    for (const colorScheme of ["light", "dark"]) {
        test(`axe: no serious fault in the lessons' page, ${colorScheme}`, () => open(LESSONS, async (page) => {
            await page.$$eval("details", (all) => all.forEach((one) => { one.open = true; }));
            is(await seriousFaults(page), []);
        }, { colorScheme }));
    }
    test("lessons: the report links to them", () => open(SAMPLE, async (page) => {
        is(await page.$eval("nav a:last-child", (link) => link.href), `file://${LESSONS}`);
    }));
}

const failed = await run();
await browser.close();
process.exit(failed ? 1 : 0);
