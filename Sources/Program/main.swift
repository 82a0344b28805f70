import HardViewsCommandLine

HardViewsProgram.main()
