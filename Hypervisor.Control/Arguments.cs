using System;
using Hypervisor.Core.Configuration;

namespace Hypervisor.Control;

/// <summary>The command line. Whoever understands an argument takes it; what nobody has taken is an error.</summary>
internal static unsafe class Arguments
{
    private const int TextCapacity = 8 * 1024;
    private const int MaximumCount = 64;
    private const byte Dash = (byte)'-';

    private static Storage s_storage;
    private static int s_count;
    private static int s_length;

    private struct Storage
    {
        public fixed byte Text[TextCapacity];
        public fixed int Start[MaximumCount];
        public fixed int Length[MaximumCount];
        public fixed byte Taken[MaximumCount];
    }

    /// <summary>Adds an argument.</summary>
    /// <returns>False when there is no room for it.</returns>
    public static bool Add(ReadOnlySpan<byte> argument)
    {
        if (s_count == MaximumCount || argument.Length > TextCapacity - s_length)
        {
            return false;
        }

        fixed (byte* text = s_storage.Text)
        {
            argument.CopyTo(new Span<byte>(text + s_length, argument.Length));
        }

        s_storage.Start[s_count] = s_length;
        s_storage.Length[s_count] = argument.Length;
        s_length += argument.Length;
        s_count++;
        return true;
    }

    /// <summary>Whether an argument is there and not yet taken.</summary>
    public static bool Has(ReadOnlySpan<byte> name) => Find(name) >= 0;

    /// <summary>Takes an argument that stands for itself.</summary>
    /// <returns>Whether it was there.</returns>
    public static bool TryTakeFlag(ReadOnlySpan<byte> name)
    {
        int index = Find(name);
        return index >= 0 && Take(index);
    }

    /// <summary>Takes an argument and the one behind it.</summary>
    /// <returns>Whether both were there.</returns>
    public static bool TryTakeOption(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        value = default;
        int index = Find(name);
        if (index < 0 || index + 1 >= s_count || s_storage.Taken[index + 1] != 0)
        {
            return false;
        }

        value = Text(index + 1);
        return Take(index) && Take(index + 1);
    }

    /// <summary>Takes the first argument that is no option.</summary>
    /// <returns>Whether there was one.</returns>
    public static bool TryTake(out ReadOnlySpan<byte> argument)
    {
        for (int i = 0; i < s_count; i++)
        {
            argument = Text(i);
            if (s_storage.Taken[i] == 0 && (argument.IsEmpty || argument[0] != Dash))
            {
                return Take(i);
            }
        }

        argument = default;
        return false;
    }

    /// <summary>The first argument that nobody has taken.</summary>
    /// <returns>Whether there is one.</returns>
    public static bool TryFindLeft(out ReadOnlySpan<byte> argument)
    {
        argument = default;
        for (int i = 0; i < s_count; i++)
        {
            if (s_storage.Taken[i] == 0)
            {
                argument = Text(i);
                return true;
            }
        }

        return false;
    }

    private static int Find(ReadOnlySpan<byte> name)
    {
        for (int i = 0; i < s_count; i++)
        {
            if (s_storage.Taken[i] == 0 && AsciiText.Same(Text(i), name))
            {
                return i;
            }
        }

        return -1;
    }

    private static bool Take(int index)
    {
        s_storage.Taken[index] = 1;
        return true;
    }

    private static ReadOnlySpan<byte> Text(int index)
    {
        fixed (byte* text = s_storage.Text)
        {
            return new ReadOnlySpan<byte>(text + s_storage.Start[index], s_storage.Length[index]);
        }
    }
}
