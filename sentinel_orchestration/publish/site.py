def build_site(settings, log): raise SystemExit
