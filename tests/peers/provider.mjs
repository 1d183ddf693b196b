// What the OpenID Connect providers of the tests share: oidc-provider (certified) on a port of its own, which says its address when it is
// ready, and ends when its input does.
//   MODULES    the folder with oidc-provider
//   REDIRECT   where it leads people back to
//   PORT       where it is; any that is free if it is not said
import { pathToFileURL } from "node:url";
import { createServer } from "node:http";
import { once } from "node:events";

const { MODULES, REDIRECT, PORT = 0 } = process.env;
export const { Provider, interactionPolicy } = await import(pathToFileURL(`${MODULES}/node_modules/oidc-provider/lib/index.js`));

/** What it knows Bookpost by. */
export const bookpost = { client_id: "bookpost", client_secret: "a secret of two", redirect_uris: [REDIRECT] };

/** A provider like this. Whoever has pages of their own there gets a request first, and says whether it was for them. */
export async function provide(configuration, own = async () => false) {
  const server = createServer();
  server.listen(Number(PORT), "127.0.0.1");
  await once(server, "listening");
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, { pkce: { required: () => true }, ...configuration });
  const usual = provider.callback();
  server.on("request", async (request, response) => {
    if (!(await own(request, response))) usual(request, response);
  });
  process.stdin.on("end", () => process.exit()).resume();
  console.log(issuer);
  return provider;
}
