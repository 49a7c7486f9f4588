# Challenge 3: make this loop, with an "if" in it, parallel. It takes 10 s as it is.
from time import sleep


def inc(x):
  sleep(1)
  return x + 1


def double(x):
  sleep(1)
  return x * 2


def is_even(x):
  return x % 2 == 0


def main():
  data = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]

  results = []
  for x in data:
    if is_even(x):
      y = double(x)
    else:
      y = inc(x)
    results.append(y)

  total = sum(results)
  print("total is " + str(total))


if __name__ == "__main__":
  main()
