// The replay: the recorded timeline of all models on one clock, and the guess that comes before it.
// Everything that is shown follows from one number, `now`: show(now) draws that moment whole, so that
// playing, stepping and scrubbing cannot differ.
"use strict";
(() => {
    const section = document.getElementById("replay");
    if (!section) return;
    const data = JSON.parse(document.getElementById("replay-data").textContent);
    const at = (id) => document.getElementById(id);
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    const CALM_PAUSE_MS = 700;

    const spansOf = (model) => model.spans.map(([lane, index, phase, start, end]) => ({ lane, index, phase, start, end }));
    const models = data.models.map((model) => {
        const spans = spansOf(model);
        const fetches = spans.filter((span) => span.phase !== "cpu");
        return { ...model, fetches, cpu: spans.filter((span) => span.phase === "cpu"),
            end: Math.max(...fetches.map((span) => span.end)) };
    });
    const total = Math.max(...models.map((model) => model.end));

    // What a step goes to: the moments at which some URL begins, is answered, or is done.
    const said = { waiting: "is asked for and waited for", receiving: "is being received" };
    const events = models.flatMap((model) => [
        ...model.fetches.map((span) => ({ time: span.start, text: `${model.name}: URL ${span.index} ${said[span.phase] || span.phase}` })),
        ...urlsOf(model).map(([index, spans]) => ({ time: spans.end, text: `${model.name}: URL ${index} is done` })),
    ]).sort((a, b) => a.time - b.time);
    const times = [...new Set(events.map((event) => event.time))];

    // Each URL's first moment, its answer and its end.
    function urlsOf(model) {
        const urls = new Map();
        for (const span of model.fetches) {
            const url = urls.get(span.index) || { start: Infinity, answer: Infinity, end: 0 };
            url.start = Math.min(url.start, span.start);
            if (span.phase === "receiving") url.answer = Math.min(url.answer, span.start);
            url.end = Math.max(url.end, span.end);
            urls.set(span.index, url);
        }
        return [...urls].sort((a, b) => a[0] - b[0]);
    }

    function make(tag, className, text) {
        const element = document.createElement(tag);
        if (className) element.className = className;
        if (text !== undefined) element.textContent = text;
        return element;
    }

    const milliseconds = (seconds) => (seconds >= 1 ? `${seconds.toFixed(3)} s` : `${(seconds * 1e3).toFixed(1)} ms`);
    const share = (seconds) => `${(seconds / total) * 100}%`;

    function lane(spans, className) {
        const element = make("div", className);
        for (const span of spans) {
            const bar = make("span", span.phase);
            bar.style.left = share(span.start);
            bar.style.width = share(span.end - span.start);
            element.append(bar);
        }
        return element;
    }

    // One model's part of the stage; returns what show() has to change in it.
    function build(model) {
        const track = make("div", `track ${model.colour}`);
        const head = make("h3");
        const state = make("span", "soft");
        head.append(make("span", "swatch"), make("span", "", model.name), state);
        const chips = make("ol", "chips");
        const urls = urlsOf(model).map(([index, url]) => {
            const chip = make("li", "chip", String(index));
            chips.append(chip);
            return { ...url, chip };
        });
        const lanes = make("div", "lanes");
        const revealed = make("div", "revealed");
        const numbers = [...new Set(model.fetches.map((span) => span.lane))].sort((a, b) => a - b);
        lanes.style.setProperty("--lane", numbers.length > 12 ? "3px" : "");
        for (const number of numbers)
            revealed.append(lane(model.fetches.filter((span) => span.lane === number), "lane"));
        revealed.append(lane(model.cpu, "lane processor"));
        lanes.append(revealed, make("div", "playhead"));
        lanes.setAttribute("role", "img");
        lanes.setAttribute("aria-label", `${model.name}: ${numbers.length} lanes, below them the processor`);
        track.append(head, chips, lanes);
        at("tracks").append(track);
        return { model, track, state, urls, lanes };
    }

    const stateOf = (url, now) =>
        now < url.start ? "untaken" : now < url.answer && now < url.end ? "waiting" : now < url.end ? "receiving" : "done";

    function showTrack({ model, track, state, urls, lanes }, now) {
        const counts = { untaken: 0, waiting: 0, receiving: 0, done: 0 };
        for (const url of urls) {
            const is = stateOf(url, now);
            counts[is] += 1;
            if (url.chip.dataset.state !== is) url.chip.dataset.state = is;
        }
        const until = Math.min(now, model.end);
        const busy = model.cpu.reduce((sum, span) => sum + Math.max(0, Math.min(span.end, until) - span.start), 0);
        const works = model.cpu.some((span) => span.start <= now && now < span.end);
        const idle = until > 0 ? `, idle ${Math.max(0, 100 - (100 * busy) / until).toFixed(1)} % so far` : "";
        const finished = now >= model.end ? `all done after ${milliseconds(model.end)}` : `${counts.waiting} waiting, ${counts.receiving} receiving, ${counts.done} of ${urls.length} done`;
        state.textContent = `${finished}; processor ${works ? "working" : "idle"}${model.cpu.length ? idle : ", not recorded"}`;
        track.dataset.done = counts.done;
        lanes.style.setProperty("--now", share(Math.min(now, total)));
    }

    let tracks = [];
    let now = 0;
    let playing = null; // what ends it

    function show(time) {
        now = Math.min(Math.max(time, 0), total);
        for (const track of tracks) showTrack(track, now);
        at("scrub").value = now;
        at("scrub").setAttribute("aria-valuetext", milliseconds(now));
        at("clock").textContent = milliseconds(now);
        section.dataset.now = now;
    }

    function pause() {
        if (playing) playing();
        playing = null;
        at("play").textContent = now >= total ? "Play again" : "Play";
    }

    function atEnd() {
        pause();
        compare();
    }

    function playSmoothly() {
        const begun = performance.now();
        const from = now;
        const speed = Number(at("speed").value);
        let frame = requestAnimationFrame(function next(moment) {
            show(from + (Math.max(0, moment - begun) / 1e3) * speed);
            if (now >= total) atEnd();
            else frame = requestAnimationFrame(next);
        });
        return () => cancelAnimationFrame(frame);
    }

    // Who asked for less motion sees one moment after the other, without anything that slides.
    function playCalmly() {
        const timer = setInterval(() => {
            step(1);
            if (now >= total) atEnd();
        }, CALM_PAUSE_MS);
        return () => clearInterval(timer);
    }

    function play() {
        if (playing) return pause();
        if (now >= total) show(0);
        at("happened").textContent = "";
        playing = calm.matches ? playCalmly() : playSmoothly();
        at("play").textContent = "Pause";
    }

    function step(direction) {
        const next = direction > 0 ? times.find((time) => time > now) : times.filter((time) => time < now).pop();
        show(next === undefined ? (direction > 0 ? total : 0) : next);
        at("happened").textContent = events.filter((event) => event.time === now).map((event) => event.text).join("; ");
    }

    function byHand(move) {
        return () => {
            if (playing) pause();
            move();
            at("play").textContent = now >= total ? "Play again" : "Play";
        };
    }

    function onKey(event) {
        if (event.ctrlKey || event.metaKey || event.altKey || at("stage").hidden) return;
        const on = event.target;
        if (event.key === " " && !/^(BUTTON|SELECT|A)$/.test(on.tagName)) play();
        else if (event.key === ".") byHand(() => step(1))();
        else if (event.key === ",") byHand(() => step(-1))();
        else if (event.key === "Home" && on.tagName !== "SELECT") byHand(() => show(0))();
        else if (event.key === "End" && on.tagName !== "SELECT") byHand(() => show(total))();
        else return;
        event.preventDefault();
    }

    // The guess. ------------------------------------------------------------------------------

    const guesses = {};

    // Models whose interval reaches the largest one's cannot be told from it: each is a right guess.
    function dearest(pay) {
        const most = pay.rows.reduce((a, b) => (b.value > a.value ? b : a));
        return pay.rows.filter((row) => row.high >= most.low);
    }

    function verdict(guess, right) {
        if (!guess) return "no guess";
        return right.some((row) => row.model === guess) ? "✓ right" : "✗ not this one";
    }

    function compare() {
        const table = make("table");
        const head = table.createTHead().insertRow();
        for (const title of ["which pays most", "your guess", "measured", "", "all of them"]) {
            const cell = make("th", "", title);
            cell.scope = "col";
            head.append(cell);
        }
        const body = table.createTBody();
        for (const pay of data.pays) {
            const right = dearest(pay);
            const row = body.insertRow();
            const name = make("th", "", `${pay.title}, ${pay.unit}`);
            name.scope = "row";
            row.append(name, make("td", "", guesses[pay.key] || "–"),
                make("td", "right", right.map((one) => `${one.model}: ${one.said}`).join(" or ")),
                make("td", "judged", verdict(guesses[pay.key], right)),
                make("td", "soft", [...pay.rows].sort((a, b) => b.value - a.value).map((one) => `${one.model} ${one.said}`).join(", ")));
        }
        const box = make("div", "wide");
        box.tabIndex = 0;
        box.setAttribute("role", "region");
        box.setAttribute("aria-label", "Guess and measurement");
        box.append(table);
        at("measured").replaceChildren(make("h3", "", "Guessed, and measured"), box);
        at("measured").hidden = false;
        at("compare").hidden = true;
    }

    function begin() {
        for (const [key, value] of new FormData(at("guess"))) guesses[key] = value;
        at("guess").hidden = true;
        at("stage").hidden = false;
        at("compare").hidden = data.pays.length === 0;
        at("play").focus();
    }

    function classView() {
        document.body.classList.toggle("class", location.hash === "#class");
        at("class-view").textContent = location.hash === "#class" ? "Show the whole page" : "Class view: only this, without the answers above";
        at("class-view").hash = location.hash === "#class" ? "#replay" : "#class";
    }

    tracks = models.map(build);
    at("scrub").max = total;
    at("scrub").step = "any";
    section.hidden = false;
    if (calm.matches) at("happened").textContent = "Less motion was asked for: play goes from one event to the next.";
    show(0);
    if (data.pays.length === 0) begin();
    at("guess").addEventListener("submit", (event) => { event.preventDefault(); begin(); });
    at("skip").addEventListener("click", () => { at("guess").reset(); begin(); });
    at("play").addEventListener("click", play);
    at("step").addEventListener("click", byHand(() => step(1)));
    at("back").addEventListener("click", byHand(() => step(-1)));
    at("scrub").addEventListener("input", byHand(() => show(Number(at("scrub").value))));
    at("speed").addEventListener("change", () => { if (playing) { pause(); play(); } });
    at("compare").addEventListener("click", compare);
    section.addEventListener("keydown", onKey);
    addEventListener("hashchange", classView);
    classView();
})();
