// The code of a QR stands behind the # of its address: into the field, and out of the browser's history.

const field = document.getElementById("code");
const code = location.hash.slice(1);

if (field && /^[0-9A-Za-z-]{1,20}$/.test(code)) {
  field.value = code;
  history.replaceState(null, "", location.pathname);
  field.form.querySelector("button").focus();
}
