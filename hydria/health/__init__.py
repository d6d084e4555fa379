"""The health manager: hears amphorae by the thousand, writes what they observe, suspects those that fall silent. It decides nothing."""
