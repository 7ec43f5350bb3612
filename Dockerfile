# The server, the witness and the command line in one image; which one runs is said when it is started.
# The lines that begin with RUN are run by test/deploy.test.ts, in a clean folder.
ARG NODE=24-bookworm-slim

FROM node:${NODE} AS build
WORKDIR /verity
COPY . .
RUN npm ci
RUN npm run build
RUN npm prune --omit=dev

FROM node:${NODE}
WORKDIR /verity
COPY --from=build /verity /verity
# Names for `docker compose exec verity verity …`, and folders that volumes inherit their owner from.
RUN for name in cli:verity server:verityd mcp:verity-mcp verifier:verity-verify; do \
  printf '#!/bin/sh\nexec node /verity/apps/%s/dist/main.js "$@"\n' "${name%%:*}" > "/usr/local/bin/${name##*:}" \
  && chmod 755 "/usr/local/bin/${name##*:}"; done \
  && mkdir -p /data /witness /keys && chown node:node /data /witness /keys
USER node
ENV NODE_ENV=production VERITYD_DATA=/data
EXPOSE 7420
VOLUME /data
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:7420/ready').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["verityd"]
