// The running timer's page: shows the seconds, gives signs to the server, and asks when nobody
// has typed or pointed for a while. The server's clock counts; nothing here can add a second.
"use strict";

(() => {
  const TICK_MS = 1000;
  const ASLEEP_MS = 5000; // a second that took so long was a closed lid, not a second
  const MOVES = ["keydown", "pointerdown", "pointermove", "wheel", "touchstart"];
  const bar = () => document.getElementById("timers");
  const running = () => bar() && bar().querySelector("[data-sign]");

  let active = performance.now();
  let awakeSince = performance.now();
  let lastTick = performance.now();
  let signedAt = performance.now();
  let read = null; // which timer is shown, its seconds, and when they were true
  let crossings = []; // thresholds ahead: at which second of the timer what is said, once
  let failures = 0;
  let asked = false;

  function shown(seconds) {
    const two = (n) => String(n).padStart(2, "0");
    const hours = Math.floor(seconds / 3600);
    const rest = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
    return hours ? `${hours}:${rest}` : rest;
  }

  function begin() {
    const timer = running();
    read = timer && { at: performance.now(), seconds: Number(timer.dataset.seconds) };
    if (timer) active = Math.min(active, performance.now() - Number(timer.dataset.quiet) * 1000);
    crossings = timer ? JSON.parse(timer.dataset.crossings) : [];
    asked = Boolean(timer && timer.dataset.state === "asking");
    for (const field of document.querySelectorAll("input[name=watched]")) field.value = "yes";
    if (timer) sign(timer);
  }

  function tick() {
    const now = performance.now();
    if (now - lastTick > ASLEEP_MS) awakeSince = now;
    lastTick = now;
    const timer = running();
    if (!timer || !read) return;
    const seconds = read.seconds + Math.floor((now - read.at) / TICK_MS);
    timer.querySelector(".clock").textContent = shown(seconds);
    cross(timer, seconds);
    if (!asked && now - active >= Number(timer.dataset.asksAfter) * 1000) ask(timer);
    if (now - signedAt >= Number(timer.dataset.signEvery) * 1000) sign(timer);
  }

  // Said when a threshold is crossed, and not again: a clock that spoke would drown the reader.
  function cross(timer, seconds) {
    let said = "";
    while (crossings.length && crossings[0].at <= seconds) said = crossings.shift().say;
    if (!said) return;
    const line = timer.querySelector(".crossed");
    line.textContent = said;
    line.hidden = false;
    announce(said);
  }

  function ask(timer) {
    asked = true;
    timer.querySelector(".asking").hidden = false;
    announce(timer.querySelector(".asking strong").textContent);
  }

  // A question once put stays: only an answer says what the quiet time was.
  function moved() {
    if (!asked) active = performance.now();
  }

  async function sign(timer) {
    const now = performance.now();
    signedAt = now;
    const body = new URLSearchParams({
      month: timer.dataset.month,
      awake: String(Math.floor((now - awakeSince) / 1000)),
      quiet: String(Math.floor((now - active) / 1000)),
    });
    try {
      const answer = await fetch(timer.dataset.sign, {
        method: "POST",
        body,
        keepalive: true, // the last sign is sent while the page goes away
        headers: { "X-CSRF": timer.dataset.csrf, "X-Poll": "yes" },
      });
      if (answer.status >= 500) throw new Error("unavailable");
      failures = 0;
      trouble(timer, "");
      if (!answer.ok) return ended(timer);
      stands(timer, await answer.json());
    } catch {
      failures += 1;
      if (failures > 1) trouble(timer, "No connection. The time goes on as long as this page stays open.");
    }
  }

  function stands(timer, told) {
    if (told.state === "running" || told.state === "asking") {
      read = { at: performance.now(), seconds: told.seconds };
      if (told.state === "asking" && !asked) ask(timer);
    } else {
      refresh(timer);
    }
  }

  function ended(timer) {
    delete timer.dataset.sign;
    trouble(timer, "Your session has ended. The timer rests with the last sign of this page and waits to be saved.");
  }

  // The bar is drawn anew, unless somebody is writing in it.
  async function refresh(timer) {
    delete timer.dataset.sign;
    const note = timer.querySelector("textarea");
    if (note && note.value) return trouble(timer, "This timer no longer runs. Save it when you have finished the note.");
    try {
      const answer = await fetch(bar().dataset.look, { headers: { "X-Bar": "yes" } });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("timers");
      bar().replaceWith(document.importNode(fresh, true));
      const said = bar().querySelector(".reading");
      if (said) announce(said.textContent.trim());
      begin();
    } catch {
      trouble(timer, "This timer no longer runs. Load the page again.");
    }
  }

  function trouble(timer, text) {
    const line = timer.querySelector(".trouble");
    if (!line || line.textContent === text) return;
    line.textContent = text;
    line.hidden = !text;
    if (text) announce(text);
  }

  for (const move of MOVES) document.addEventListener(move, moved, { passive: true, capture: true });
  window.addEventListener("pagehide", () => running() && sign(running()));
  document.addEventListener("DOMContentLoaded", () => {
    begin();
    new Worker(document.querySelector("[data-ticker]").dataset.ticker).onmessage = tick;
  });
})();
