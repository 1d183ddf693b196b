// Sends the letter with nodemailer, through a pool; with a number behind what it is told, so many times.
const fs = require("fs");
const nodemailer = require("nodemailer");

const told = JSON.parse(process.argv[2]);
const transport = nodemailer.createTransport({
  pool: true,
  maxConnections: 3,
  maxMessages: 10,
  host: told.host,
  port: told.port,
  name: told.client,
  secure: told.security === "implicit",
  requireTLS: told.security === "starttls",
  ignoreTLS: told.security === "none",
  tls: { ca: fs.readFileSync(told.authority) },
  auth: told.user ? { user: told.user, pass: told.password } : undefined,
  authMethod: told.user ? told.mechanism.toUpperCase() : undefined,
});

const letter = {
  from: { name: told.name, address: told.from },
  to: told.to,
  subject: told.subject,
  text: fs.readFileSync(told.text, "utf8"),
  attachments: [{ path: told.attachment, contentType: "application/octet-stream" }],
};

Promise.all(Array.from({ length: Number(process.argv[3] ?? 1) }, () => transport.sendMail(letter)))
  .then(() => transport.close())
  .catch((error) => {
    console.error(error);
    process.exit(1);
  });
