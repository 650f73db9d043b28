// Small comforts on top of pages that work without any script.
"use strict";

const announcer = () => document.getElementById("announcer");

// Says a sentence once, and only when it has changed.
function announce(text) {
  const region = announcer();
  if (region && region.textContent !== text) region.textContent = text;
}

// A refused form: take the reader to what is wrong.
function focusSummary() {
  const summary = document.getElementById("summary");
  if (summary) summary.focus();
}

// A form is sent once: the second click finds the button resting. The page may come back from
// the browser's history, so the buttons wake up again then.
function sendOnce(event) {
  const form = event.target;
  if (!form.matches("form[data-once]")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  const waiting = form.querySelector("[data-waiting]");
  if (waiting) waiting.textContent = waiting.dataset.waiting;
  for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
}

function wakeForms() {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-disabled");
  }
}

// While records are on their way the page looks by itself; what changes is said aloud once.
function tellProgress() {
  const said = document.querySelector("#progress [data-announce]");
  if (said) announce(said.firstChild.textContent.trim());
}

// What another window recorded meanwhile has no place on this page until it is loaded again.
function leaveOutStrangers(event) {
  const answer = document.createElement("template");
  answer.innerHTML = event.detail.serverResponse;
  for (const part of answer.content.querySelectorAll("[hx-swap-oob]")) {
    if (!document.getElementById(part.id)) part.remove();
  }
  event.detail.serverResponse = answer.innerHTML;
}

document.addEventListener("submit", sendOnce);
document.addEventListener("htmx:beforeSwap", leaveOutStrangers);
document.addEventListener("htmx:afterSettle", tellProgress);
window.addEventListener("pageshow", wakeForms);
// A form that only carries the browser on to the EHR goes by itself; without script, its button.
function sendAlong() {
  const form = document.querySelector("form[data-along]");
  if (form) form.submit();
}

document.addEventListener("DOMContentLoaded", focusSummary);
document.addEventListener("DOMContentLoaded", sendAlong);
