using System;

namespace Hypervisor.Devices.Ahci;

/// <summary>Pages of the mediator's own memory that commands borrow: for data on their way to the disk, and for long tables of buffers.</summary>
public sealed class PagePool
{
    /// <summary>Number of pages.</summary>
    public const int Pages = 512;

    /// <summary>Bytes of a page.</summary>
    public const int PageSize = 4096;

    /// <summary>No page.</summary>
    public const int None = -1;

    private readonly ushort[] _owners = new ushort[Pages];

    /// <summary>Number of pages that nobody has.</summary>
    public int Free { get; private set; } = Pages;

    /// <summary>Gives pages side by side.</summary>
    /// <param name="owner">Who gets them; not 0.</param>
    /// <param name="count">How many.</param>
    /// <returns>The first; <see cref="None"/> where there are not so many side by side.</returns>
    public int Take(ushort owner, int count)
    {
        int first = FindRun(count, out int length);
        if (first == None || length < count)
        {
            return None;
        }

        Give(owner, first, count);
        return first;
    }

    /// <summary>Gives the first free pages that are side by side, at most so many.</summary>
    /// <returns>The first; <see cref="None"/> where there is none.</returns>
    public int TakeUpTo(ushort owner, int most, out int count)
    {
        int first = FindRun(1, out int length);
        count = first == None ? 0 : Math.Min(length, most);
        Give(owner, first, count);
        return first;
    }

    /// <summary>Takes back all pages of an owner.</summary>
    public void Release(ushort owner)
    {
        for (int i = 0; i < Pages; i++)
        {
            if (_owners[i] == owner)
            {
                _owners[i] = 0;
                Free++;
            }
        }
    }

    /// <summary>Takes back all.</summary>
    public void Clear()
    {
        new Span<ushort>(_owners).Clear();
        Free = Pages;
    }

    private void Give(ushort owner, int first, int count)
    {
        for (int i = 0; i < count; i++)
        {
            _owners[first + i] = owner;
        }

        Free -= count;
    }

    /// <summary>The first free pages of which at least so many are side by side.</summary>
    private int FindRun(int least, out int length)
    {
        length = 0;
        for (int i = 0; i < Pages; i++)
        {
            length = _owners[i] == 0 ? length + 1 : 0;
            if (length >= least && (i == Pages - 1 || _owners[i + 1] != 0))
            {
                return i + 1 - length;
            }
        }

        return None;
    }
}
