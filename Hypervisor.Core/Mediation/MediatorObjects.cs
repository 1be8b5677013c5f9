using System;

namespace Hypervisor.Core.Mediation;

/// <summary>
/// The mediators themselves. In the image objects stand where the composition made them and references to them are kept in plain memory; in the ordinary build the
/// runtime may move them.
/// </summary>
public static partial class MediatorObjects
{
    /// <summary>Number of mediators.</summary>
    public static partial int Count { get; }

    /// <summary>A mediator.</summary>
    /// <param name="index">From 0, in the order of the composition.</param>
    public static partial Mediator Mediator(int index);

    /// <summary>What a mediator reaches the machine through.</summary>
    /// <param name="index">Its number.</param>
    public static partial MediatorHost Host(int index);

    /// <summary>Forgets all mediators.</summary>
    public static partial void Clear();

    /// <summary>Adds one, behind the others: the order of the calls is the order of the composition.</summary>
    public static partial void Add(Mediator mediator);

    /// <summary>The number of the mediator of that name; -1 for none.</summary>
    public static int IndexOf(ReadOnlySpan<byte> name)
    {
        for (int i = 0; i < Count; i++)
        {
            if (Mediator(i).Name.SequenceEqual(name))
            {
                return i;
            }
        }

        return -1;
    }
}
