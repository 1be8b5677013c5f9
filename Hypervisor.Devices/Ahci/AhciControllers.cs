namespace Hypervisor.Devices.Ahci;

/// <summary>The controllers of the machine and their ports, in tables of fixed size.</summary>
internal sealed class AhciControllers
{
    /// <summary>Controllers there is room for.</summary>
    internal const int Capacity = 4;

    /// <summary>No controller.</summary>
    internal const int None = -1;

    private readonly AhciController[] _controllers = new AhciController[Capacity];
    private readonly AhciPort[] _ports = new AhciPort[Capacity * AhciRegister.MaximumPorts];

    internal ref AhciController this[int index] => ref _controllers[index];

    /// <summary>A port of a controller.</summary>
    internal ref AhciPort Port(int controller, int port) => ref _ports[(controller * AhciRegister.MaximumPorts) + port];

    /// <summary>Takes a place.</summary>
    /// <returns><see cref="None"/> where there is none.</returns>
    internal int Add(int function)
    {
        for (int i = 0; i < Capacity; i++)
        {
            if (!_controllers[i].IsUsed)
            {
                _controllers[i] = new AhciController { IsUsed = true, Function = function, PairBar = AhciController.NoBar };
                Forget(i);
                return i;
            }
        }

        return None;
    }

    /// <summary>The controller that is a PCI function.</summary>
    internal int Find(int function)
    {
        for (int i = 0; i < Capacity; i++)
        {
            if (_controllers[i].IsUsed && _controllers[i].Function == function)
            {
                return i;
            }
        }

        return None;
    }

    /// <summary>Forgets what is known about the watched ports of a controller: what was known of registers holds no more.</summary>
    internal void Forget(int controller)
    {
        for (int i = 0; i < AhciRegister.MaximumPorts; i++)
        {
            ref AhciPort port = ref Port(controller, i);
            if (!port.HasPlace)
            {
                port = default;
            }
        }
    }

    /// <summary>Frees the place of a controller.</summary>
    internal void Remove(int controller)
    {
        for (int i = 0; i < AhciRegister.MaximumPorts; i++)
        {
            Port(controller, i) = new AhciPort { HasPlace = Port(controller, i).HasPlace, Place = Port(controller, i).Place };
        }

        _controllers[controller] = default;
    }

    /// <summary>Forgets all controllers.</summary>
    internal void Clear()
    {
        for (int i = 0; i < Capacity; i++)
        {
            _controllers[i] = default;
            for (int j = 0; j < AhciRegister.MaximumPorts; j++)
            {
                Port(i, j) = default;
            }
        }
    }
}
