"""Provider servers for drills, demo and tests: the used parts of Twilio's, X's and Facebook's HTTP APIs on loopback.

Nothing here is a double of our own code: real SDKs talk to it over real sockets, and it answers, limits, lags and
fails as the providers do. State lives in memory and is gone with the process.
"""
