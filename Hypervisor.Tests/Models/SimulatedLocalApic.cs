using System;
using System.Collections.Generic;

namespace Hypervisor.Tests.Models;

/// <summary>The registers of a local APIC, in xAPIC and x2APIC mode, and a list of the commands it was told to send.</summary>
internal sealed class SimulatedLocalApic
{
    internal const uint Id = 0x20;
    internal const uint TaskPriority = 0x80;
    internal const uint EndOfInterrupt = 0xB0;
    internal const uint LogicalDestination = 0xD0;
    internal const uint DestinationFormat = 0xE0;
    internal const uint SpuriousVector = 0xF0;
    internal const uint CommandLow = 0x300;
    internal const uint CommandHigh = 0x310;
    internal const uint TimerEntry = 0x320;
    internal const uint LastEntry = 0x370;
    internal const uint TimerInitialCount = 0x380;

    internal const uint FirstInService = 0x100;
    internal const uint FirstRequest = 0x200;
    private const uint SoftwareEnable = 0x100;

    private readonly Dictionary<uint, uint> _registers = [];

    internal SimulatedLocalApic(uint id)
    {
        ApicId = id;
        _registers[Id] = id << 24;
        _registers[DestinationFormat] = 0xFFFF_FFFF;
        _registers[SpuriousVector] = 0xFF;
    }

    internal uint ApicId { get; }

    /// <summary>Commands sent.</summary>
    internal List<ApicCommand> Commands { get; } = [];

    /// <summary>Every write, in order: offset and value.</summary>
    internal List<(uint Offset, uint Value)> Writes { get; } = [];

    /// <summary>Where commands go.</summary>
    internal Action<ApicCommand>? Sent { get; set; }

    /// <summary>Polls for which the delivery status of the last command stays "pending".</summary>
    internal int BusyPolls { get; set; }

    internal uint this[uint offset]
    {
        get => _registers.GetValueOrDefault(offset);
        set => _registers[offset] = value;
    }

    internal uint Read(uint offset)
    {
        if (offset == CommandLow && BusyPolls > 0)
        {
            BusyPolls--;
            return this[offset] | 0x1000;
        }

        return this[offset];
    }

    internal void Write(uint offset, uint value)
    {
        Writes.Add((offset, value));
        if (offset == Id)
        {
            return;
        }

        if (offset == EndOfInterrupt)
        {
            EndHighest();
            return;
        }

        this[offset] = value;
        if (offset == CommandLow)
        {
            Send(new ApicCommand(value, this[CommandHigh] >> 24));
        }
    }

    /// <summary>A write to the interrupt command MSR.</summary>
    internal void WriteCommand(ulong value) => Send(new ApicCommand((uint)value, (uint)(value >> 32)));

    /// <summary>What INIT does (AMD APM vol 2 §16.3, Intel SDM vol 3 §10.4.7.3).</summary>
    internal void Initialize()
    {
        _registers.Clear();
        _registers[Id] = ApicId << 24;
        _registers[DestinationFormat] = 0xFFFF_FFFF;
        _registers[SpuriousVector] = 0xFF;
        for (uint entry = TimerEntry; entry <= LastEntry; entry += 0x10)
        {
            _registers[entry] = 0x1_0000;
        }
    }

    /// <summary>An interrupt is requested.</summary>
    internal void Request(byte vector) => this[FirstRequest + Group(vector)] |= Bit(vector);

    /// <summary>The highest request goes to the processor, where the APIC is enabled and nothing higher is in service (AMD APM vol 2 §16.6.3).</summary>
    internal void DeliverHighest()
    {
        int requested = Highest(FirstRequest);
        if (requested >= 0 && requested > Highest(FirstInService) && (this[SpuriousVector] & SoftwareEnable) != 0)
        {
            this[FirstRequest + Group((byte)requested)] &= ~Bit((byte)requested);
            this[FirstInService + Group((byte)requested)] |= Bit((byte)requested);
        }
    }

    private void EndHighest()
    {
        int serviced = Highest(FirstInService);
        if (serviced >= 0)
        {
            this[FirstInService + Group((byte)serviced)] &= ~Bit((byte)serviced);
        }
    }

    private static uint Group(byte vector) => (vector / 32u) * 0x10;

    private static uint Bit(byte vector) => 1u << (vector % 32);

    private int Highest(uint first)
    {
        for (int vector = 255; vector >= 0; vector--)
        {
            if ((this[first + Group((byte)vector)] & Bit((byte)vector)) != 0)
            {
                return vector;
            }
        }

        return -1;
    }

    private void Send(ApicCommand command)
    {
        Commands.Add(command);
        Sent?.Invoke(command);
    }
}
