// Keeps the record beside the app fresh. Without it, the Refresh link opens the record's own page.
"use strict";

const record = document.getElementById("record");
const refresh = document.getElementById("refresh");
const EVERY_MS = 4000;
let shown = null;

async function update() {
  const response = await fetch(record.dataset.source, { cache: "no-store" });
  if (!response.ok) {
    return;
  }
  const html = await response.text();
  // What has not changed stays, and with it the reader's place.
  if (html !== shown) {
    record.innerHTML = html;
    shown = html;
  }
}

refresh.addEventListener("click", (event) => {
  event.preventDefault();
  update().catch(() => {});
});

setInterval(() => {
  if (!document.hidden && !record.contains(document.activeElement)) {
    update().catch(() => {});
  }
}, EVERY_MS);
