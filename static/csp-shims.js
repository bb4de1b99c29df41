// Plotly under a strict CSP: inline style attributes become CSSOM writes, and style elements that
// it appends while loading are dropped (its rules go into the sheet #plotly.js-style-global).
(() => {
  const setAttribute = Element.prototype.setAttribute;
  Element.prototype.setAttribute = function (name, value) {
    if (name === "style") this.style.cssText = value;
    else setAttribute.call(this, name, value);
  };
  const head = document.head;
  const append = head.appendChild;
  head.appendChild = (node) => (node.nodeName === "STYLE" ? node : append.call(head, node));
  document.addEventListener("DOMContentLoaded", () => { head.appendChild = append; });
})();
