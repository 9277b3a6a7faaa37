// The picture of a claim code is an address with the code behind the #. It goes into the field and out of the
// address; the person presses, so that a link from a stranger opens no wallet by itself.
"use strict";
const field = document.querySelector("#claim input[name=code]");
const code = location.hash.slice(1);
if (field && /^[0-9A-Za-z-]{10,11}$/.test(code)) {
  field.value = code.length === 10 ? `${code.slice(0, 5)}-${code.slice(5)}` : code;
  history.replaceState(null, "", location.pathname);
  document.querySelector("#claim button").focus();
}
