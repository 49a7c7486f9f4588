# Step 1: is everything working?


def main():
  print("hello world")


if __name__ == "__main__":
  main()
