"""What raters are like: how reliable, how severe, how much they agree with each other and with themselves."""
