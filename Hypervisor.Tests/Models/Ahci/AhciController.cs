using System;
using System.Collections.Generic;
using System.Linq;
using System.Numerics;

namespace Hypervisor.Tests.Models.Ahci;

/// <summary>
/// A host bus adapter (AHCI 1.3.1). Nothing happens by itself: a test calls <see cref="Step"/>, each call of which is one thing that a controller or a device does,
/// and <see cref="Choose"/> decides which one where several may come next.
/// </summary>
internal sealed class AhciController
{
    internal const int RegisterSize = 0x1000;

    private const int MaximumPorts = 32;
    private const uint ReadOnes = uint.MaxValue;

    private readonly AhciPort?[] _ports = new AhciPort?[MaximumPorts];
    private HostControl _control;
    private uint _interrupts;
    private bool _isStepping;

    internal AhciController(AhciOptions? options = null)
    {
        Options = options ?? new AhciOptions();
        for (int i = 0; i < MaximumPorts; i++)
        {
            _ports[i] = (Options.Ports >> i & 1) != 0 ? new AhciPort(this) : null;
        }
    }

    /// <summary>What it reaches by DMA.</summary>
    internal SystemMemory Memory { get; set; } = new(0, 0);

    internal AhciOptions Options { get; }

    /// <summary>Which of a number of things comes next.</summary>
    internal Func<int, int> Choose { get; set; } = _ => 0;

    /// <summary>The index register.</summary>
    internal uint Index { get; set; }

    /// <summary>The level of its interrupt.</summary>
    internal bool InterruptLevel { get; private set; }

    /// <summary>How often the level has risen: the messages that MSI would send.</summary>
    internal int Interrupts { get; private set; }

    /// <summary>Accesses of registers, of whomever.</summary>
    internal int Accesses { get; private set; }

    /// <summary>Register writes, for tests that look at what reaches the hardware.</summary>
    internal List<(int Offset, uint Value)> Writes { get; } = [];

    internal IEnumerable<AhciPort> Ports => _ports.OfType<AhciPort>();

    internal AhciPort Port(int index) => _ports[index] ?? throw new ArgumentOutOfRangeException(nameof(index));

    private uint Capabilities =>
        (uint)(BitOperations.Log2(Options.Ports) & 0x1F) | ((uint)(Options.Slots - 1) << 8) | (1u << 13) | (1u << 14)
        | (Options.TellsOfFisSwitching ? 1u << 16 : 0) | (Options.HasMultipliers ? 1u << 17 : 0) | (1u << 18) | (2u << 20) | (1u << 24) | (1u << 26) | (1u << 30) | (Options.Has64Bits ? 1u << 31 : 0);

    /// <summary>One thing happens.</summary>
    /// <returns>False when there is nothing left to do.</returns>
    internal bool Step()
    {
        if (_isStepping)
        {
            return false;
        }

        _isStepping = true;
        try
        {
            return StepOnce();
        }
        finally
        {
            _isStepping = false;
        }
    }

    /// <summary>Steps until nothing is left to do.</summary>
    internal void Settle(int most = 1_000_000)
    {
        for (int i = 0; Step(); i++)
        {
            if (i == most)
            {
                throw new InvalidOperationException("the controller does not come to rest");
            }
        }
    }

    /// <summary>A read of registers: 1, 2, 4 or 8 bytes.</summary>
    internal ulong Read(int offset, int size)
    {
        Accesses++;
        for (int i = 0; i < Options.StepsPerRead; i++)
        {
            Step();
        }

        ulong value = 0;
        for (int i = 0; i < size; i++)
        {
            int at = offset + i;
            value |= (ulong)(byte)(Get(at & ~3) >> ((at & 3) * 8)) << (i * 8);
        }

        return value;
    }

    /// <summary>A write of registers: 1, 2, 4 or 8 bytes.</summary>
    internal void Write(int offset, int size, ulong value)
    {
        Accesses++;
        if (!Options.HasByteEnables)
        {
            for (int i = 0; i < size && (offset & 3) == 0; i += 4)
            {
                Put(offset + i, (uint)(value >> (i * 8)) & (ReadOnes >> ((4 - Math.Min(4, size - i)) * 8)), ReadOnes);
            }

            return;
        }

        for (int done = 0; done < size;)
        {
            int shift = (offset + done) & 3;
            int part = Math.Min(size - done, 4 - shift);
            uint ones = (ReadOnes >> ((4 - part) * 8)) << (shift * 8);
            Put((offset + done) & ~3, ((uint)(value >> (done * 8)) << (shift * 8)) & ones, ones);
            done += part;
        }
    }

    /// <summary>A reset of the function: everything is as after power on.</summary>
    internal void PowerOn()
    {
        Reset();
        foreach (AhciPort port in Ports)
        {
            port.ForgetAddresses();
        }
    }

    /// <summary>Whether a port has something to interrupt for has changed.</summary>
    internal void UpdateInterrupt()
    {
        for (int i = 0; i < MaximumPorts; i++)
        {
            _interrupts |= _ports[i] is { HasInterrupt: true } ? 1u << i : 0;
        }

        bool level = (_control & HostControl.InterruptEnable) != 0 && _interrupts != 0;
        Interrupts += level && !InterruptLevel ? 1 : 0;
        InterruptLevel = level;
    }

    private bool StepOnce()
    {
        if ((_control & HostControl.Reset) != 0)
        {
            Reset();
            return true;
        }

        AhciPort[] able = [.. Ports.Where(p => p.CanStep)];
        if (able.Length == 0)
        {
            return false;
        }

        able[able.Length == 1 ? 0 : Choose(able.Length)].Step();
        UpdateInterrupt();
        return true;
    }

    /// <summary>AHCI 1.3.1 §10.4.3: what is not HwInit goes back to its default, the addresses of lists and areas stay.</summary>
    private void Reset()
    {
        _control = HostControl.None;
        _interrupts = 0;
        foreach (AhciPort port in Ports)
        {
            port.Reset();
        }

        UpdateInterrupt();
    }

    private uint Get(int offset) => offset switch
    {
        >= RegisterSize or < 0 => 0,
        >= (int)HostRegister.Ports => _ports[(offset - (int)HostRegister.Ports) / (int)HostRegister.PortSize]?.Get((PortRegister)(offset & ((int)HostRegister.PortSize - 1))) ?? 0,
        (int)HostRegister.Capabilities => Capabilities,
        (int)HostRegister.Control => (uint)(_control | HostControl.AhciEnable),
        (int)HostRegister.InterruptStatus => _interrupts,
        (int)HostRegister.PortsImplemented => Options.Ports,
        (int)HostRegister.Version => 0x0001_0301,
        _ => 0,
    };

    private void Put(int offset, uint value, uint mask)
    {
        Writes.Add((offset, value & mask));
        if (offset >= (int)HostRegister.Ports && offset < (int)HostRegister.Ports + (MaximumPorts * (int)HostRegister.PortSize))
        {
            _ports[(offset - (int)HostRegister.Ports) / (int)HostRegister.PortSize]?.Put((PortRegister)(offset & ((int)HostRegister.PortSize - 1)), value, mask);
        }
        else if (offset == (int)HostRegister.Control)
        {
            const HostControl writable = HostControl.InterruptEnable;
            HostControl written = (HostControl)(((uint)_control & ~mask) | (value & mask));
            _control = (written & writable) | ((_control | ((HostControl)(value & mask))) & HostControl.Reset);
        }
        else if (offset == (int)HostRegister.InterruptStatus)
        {
            _interrupts &= ~(value & mask);
        }

        UpdateInterrupt();
    }
}
