# Wrong: the import is forgotten.
from time import sleep


def inc(x):
  sleep(1)
  return x + 1


def main():
  data = [1, 2, 3, 4, 5, 6, 7, 8]

  results = []
  for x in data:
    y = delayed(inc)(x)
    results.append(y)

  total = delayed(sum)(results)
  print("total is " + str(total.compute()))


if __name__ == "__main__":
  main()
