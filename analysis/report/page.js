// The page around the replay: light and dark by a button, everything unfolded for the printer.
"use strict";
(() => {
    const root = document.documentElement;
    const button = document.getElementById("theme");
    const systemDark = matchMedia("(prefers-color-scheme: dark)");
    const isDark = () => (root.dataset.theme || (systemDark.matches ? "dark" : "light")) === "dark";
    // The button says what it would change to.
    const tell = () => { button.textContent = isDark() ? "Light" : "Dark"; };
    button.addEventListener("click", () => {
        root.dataset.theme = isDark() ? "light" : "dark";
        tell();
    });
    systemDark.addEventListener("change", tell);
    button.hidden = false;
    tell();

    let folded = [];
    addEventListener("beforeprint", () => {
        folded = [...document.querySelectorAll("details:not([open])")];
        for (const details of folded) details.open = true;
    });
    addEventListener("afterprint", () => {
        for (const details of folded) details.open = false;
    });
})();
