using System;

namespace Hypervisor.Devices.Acpi.Aml;

/// <summary>What was found in the tables, in memory that was given.</summary>
internal ref struct AmlFindings
{
    private const int NameAndFlags = AmlName.Size + 1;

    private readonly Span<SleepDefinition> _definitions;
    private readonly Span<SerialDevice> _devices;
    private readonly Span<DisableMethod> _methods;
    private SleepTypes _types;
    private int _definitionCount;
    private int _deviceCount;
    private int _methodCount;

    /// <summary>Nothing yet.</summary>
    internal AmlFindings(AmlWorkspace workspace)
    {
        _definitions = workspace.SleepDefinitions;
        _devices = workspace.SerialDevices;
        _methods = workspace.DisableMethods;
    }

    /// <summary>Whether something was left out for lack of memory.</summary>
    internal bool IsFull { get; private set; }

    /// <summary>The sleep states.</summary>
    internal readonly SleepTypes SleepTypes => _types;

    /// <summary>Places that define them.</summary>
    internal readonly ReadOnlySpan<SleepDefinition> SleepDefinitions => _definitions.Slice(0, _definitionCount);

    /// <summary>Serial ports.</summary>
    internal readonly ReadOnlySpan<SerialDevice> SerialDevices => _devices.Slice(0, _deviceCount);

    /// <summary>Methods that switch them off.</summary>
    internal readonly ReadOnlySpan<DisableMethod> DisableMethods => _methods.Slice(0, _methodCount);

    /// <summary>Takes note of a place that defines a sleep state.</summary>
    internal void AddDefinition(int state, byte table, int offset, bool isConditional)
    {
        ref SleepCandidates candidates = ref _types.At(state);
        candidates.IsConditional = isConditional && (candidates.IsConditional || !candidates.IsPresent);
        candidates.IsPresent = true;
        if (_definitionCount == _definitions.Length)
        {
            IsFull = true;
            return;
        }

        _definitions[_definitionCount++] = new SleepDefinition
        {
            State = (byte)state,
            Table = table,
            NameOffset = offset,
            IsConditional = isConditional,
        };
    }

    /// <summary>Takes note of a value of a sleep state.</summary>
    internal void AddValue(int state, AmlValue value) => _types.At(state).Add(value);

    /// <summary>A sleep state's value is computed.</summary>
    internal void Open(int state) => _types.At(state).IsOpen = true;

    /// <summary>Takes note of a device that is a serial port; an identifier that is none is passed over.</summary>
    internal void AddSerialPort(int node, uint id)
    {
        if (node <= AmlNamespace.Root || !EisaId.IsSerialPort(id))
        {
            return;
        }

        for (int i = 0; i < _deviceCount; i++)
        {
            if (_devices[i].Node == node)
            {
                return;
            }
        }

        if (_deviceCount == _devices.Length)
        {
            IsFull = true;
            return;
        }

        _devices[_deviceCount++] = new SerialDevice { Node = node, HardwareId = id };
    }

    /// <summary>Looks for the resources and the methods of each serial port.</summary>
    internal void Finish(ref AmlNamespace names)
    {
        _methodCount = 0;
        for (int i = 0; i < _deviceCount; i++)
        {
            int node = _devices[i].Node;
            _devices[i].IoBase = FindPorts(ref names, node);
            for (int method = names.Find(node, AmlName.Disable); method != AmlNamespace.Nowhere; method = names.FindNext(method))
            {
                AddMethod(i, in names[method]);
            }
        }
    }

    private void AddMethod(int device, in AmlNode method)
    {
        if (method.Kind != AmlNodeKind.Method)
        {
            return;
        }

        if (_methodCount == _methods.Length)
        {
            IsFull = true;
            return;
        }

        _methods[_methodCount++] = new DisableMethod
        {
            Device = device,
            Table = method.Table,
            Offset = method.Offset + NameAndFlags,
            Length = method.Length,
        };
    }

    /// <summary>The port, where all definitions of the resources agree on it.</summary>
    private static ushort FindPorts(ref AmlNamespace names, int device)
    {
        uint port = 0;
        for (int node = names.Find(device, AmlName.CurrentResources); node != AmlNamespace.Nowhere; node = names.FindNext(node))
        {
            ref AmlNode resources = ref names[node];
            if (resources.ValueKind != AmlValueKind.Ports || (port != 0 && port != resources.Data))
            {
                return 0;
            }

            port = resources.Data;
        }

        return (ushort)port;
    }
}
