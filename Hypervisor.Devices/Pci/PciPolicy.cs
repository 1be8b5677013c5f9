using System;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Pci;

/// <summary>What the configuration asks of the pci mediator.</summary>
internal sealed class PciPolicy
{
    private const int Capacity = 16;

    private readonly PciMatch[] _hidden = new PciMatch[Capacity];
    private int _hiddenCount;

    internal static ReadOnlySpan<byte> OptionNames => "hide, log"u8;

    /// <summary>Whether anything is to be hidden.</summary>
    internal bool Hides => _hiddenCount != 0;

    /// <summary>What is to be logged.</summary>
    internal PciLogging Logging { get; private set; }

    private static ReadOnlySpan<byte> Loggings => "off, writes or all"u8;

    internal OptionResult SetOption(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (key.SequenceEqual("hide"u8))
        {
            return SetHidden(value);
        }

        if (key.SequenceEqual("log"u8))
        {
            int choice = WordChoice.Find(value, Loggings);
            Logging = choice < 0 ? PciLogging.Off : (PciLogging)choice;
            return choice < 0 ? OptionResult.Refused(Loggings) : OptionResult.Taken;
        }

        return OptionResult.Unknown(OptionNames);
    }

    /// <summary>Whether a function is to be hidden by itself.</summary>
    internal bool IsHidden(PciAddress address, PciIdentity identity, uint classCode)
    {
        bool hidden = false;
        for (int i = 0; i < _hiddenCount; i++)
        {
            hidden |= _hidden[i].Means(address, identity, classCode);
        }

        return hidden;
    }

    private OptionResult SetHidden(ReadOnlySpan<byte> list)
    {
        _hiddenCount = 0;
        while (true)
        {
            int comma = list.IndexOf((byte)',');
            ReadOnlySpan<byte> item = PciMatchReader.Trim(comma < 0 ? list : list.Slice(0, comma));
            if (_hiddenCount == Capacity || !PciMatchReader.TryRead(item, out PciMatch match))
            {
                _hiddenCount = 0;
                return OptionResult.Refused(PciMatchReader.Forms);
            }

            _hidden[_hiddenCount++] = match;
            if (comma < 0)
            {
                return OptionResult.Taken;
            }

            list = list.Slice(comma + 1);
        }
    }
}
