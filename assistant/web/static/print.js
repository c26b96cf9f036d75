// Opens the print dialog once the page is there.
window.addEventListener("load", () => window.print());
