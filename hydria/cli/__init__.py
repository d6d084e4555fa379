"""The command `hydria`: for operators of one machine. It builds nothing itself; main hands it the parts."""
