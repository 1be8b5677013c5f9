namespace System;

/// <summary>The few functions Core uses.</summary>
public static class Math
{
    public static int Min(int left, int right) => left < right ? left : right;

    public static uint Min(uint left, uint right) => left < right ? left : right;

    public static long Min(long left, long right) => left < right ? left : right;

    public static ulong Min(ulong left, ulong right) => left < right ? left : right;

    public static int Max(int left, int right) => left > right ? left : right;

    public static uint Max(uint left, uint right) => left > right ? left : right;

    public static ulong Max(ulong left, ulong right) => left > right ? left : right;
}
